// What refers to a row, the lines to their pre-sale, is offered on its form at once: the front end has asked for it in any case.

import { app, whenMounted } from "./front_end.js";

whenMounted(() => {
  app.mixin({
    created() {
      if ("showReferencing" in this.$data) this.showReferencing = true;
    },
  });
});
