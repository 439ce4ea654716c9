// What piccolo-admin's front end leaves out, added from outside, each subject in a file of its own. The order counts where
// several listen to the same.

import "./front_end.js";
import "./requests.js";
import "./holding.js";
import "./blindly.js"; // which has its say about a key first
import "./keys.js";
import "./picker.js"; // what waits for a row is held back before anybody asks about it
import "./language.js";
import "./questions.js";
import "./answers.js";
import "./notices.js";
import "./many_rows.js";
import "./schema.js";
import "./rows.js";
import "./lists.js";
import "./filters.js";
import "./search.js";
import "./address.js";
import "./export.js";
import "./series.js";
import "./sorting.js";
import "./forms.js";
import "./final.js";
import "./references.js";
import "./adding.js";
import "./leaving.js";
import "./keyboard.js";
import "./menus.js";
import "./names.js";
import "./browser.js";
import "./asking.js";
import "./unsaved.js";
import "./caller.js";

delete sessionStorage.reloads; // see page.py
