// While a form is on its way nobody types into it: what the database made of it replaces what stands there.

const BUTTONS = "[data-uitest=save_button], [data-uitest=create_button]"; // the front end disables them meanwhile

function hold(form, button) {
  const focused = document.activeElement;
  form.inert = true;
  const observer = new MutationObserver(() => {
    if (button.disabled) return;
    observer.disconnect();
    form.inert = false;
    if (focused.isConnected) focused.focus({ preventScroll: true });
  });
  observer.observe(button, { attributeFilter: ["disabled"] });
}

document.addEventListener(
  "submit",
  ({ target }) => {
    const button = target.querySelector(BUTTONS);
    if (button) hold(target, button);
  },
  true,
);
