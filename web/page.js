// What the tab does in a page once it is loaded: window.lfQwen3 is what its buttons call.
(...given) => {
  if (window.lfQwen3) return given;
  const seconds = 1000;
  const find = (selector) => document.querySelector(selector);
  const findAll = (selector) => [...document.querySelectorAll(selector)];

  // A secret name of this browser, by which its jobs are its own (board/visitors.py).
  const cookie = "lf-qwen3-browser";
  if (!document.cookie.split("; ").some((pair) => pair.startsWith(cookie + "="))) {
    const bytes = [...crypto.getRandomValues(new Uint8Array(16))];
    const name = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
    document.cookie = `${cookie}=${name}; path=/; max-age=31536000; SameSite=Strict`;
  }

  // The page goes to a section as long as the page grows (a section is made when it is opened first), but for no
  // longer than until its user does something else.
  let target = null;
  const grows = new ResizeObserver(() => target.scrollIntoView({ behavior: "smooth" }));
  for (const kind of ["keydown", "pointerdown", "touchmove", "wheel"]) {
    document.addEventListener(kind, () => grows.disconnect(), { capture: true, passive: true });
  }

  window.lfQwen3 = {
    goTo(section) {
      const head = find(`#lf-qwen3-${section}-title > button`);
      if (!head.classList.contains("open") && !head.dataset.opening) {
        head.dataset.opening = "yes"; // gradio may report one click twice, before the section is seen as open
        head.click();
        setTimeout(() => { delete head.dataset.opening; }, seconds / 2);
      }
      head.focus({ preventScroll: true });
      target = head;
      grows.disconnect();
      grows.observe(document.body);
    },
    goToTab(label) {
      findAll('button[role="tab"]').find((tab) => tab.textContent.trim() === label)?.click();
      window.scrollTo({ top: 0 });
    },
  };

  // Another window may have started work: ask when this one is looked at again.
  document.addEventListener("visibilitychange", () => document.hidden || find("#lf-qwen3-tab-again")?.click());

  // While work runs, ask whether the server is still there, and the same.
  const isBusy = () => find("#lf-qwen3-tab-jobs .lfq-progress");
  const { root = "", api_prefix = "/gradio_api" } = window.gradio_config ?? {};
  const identify = () => fetch(`${root}${api_prefix}/app_id`).then((answer) => answer.json()).then((it) => it.app_id);
  let server = null;
  identify().then((id) => { server = id; }, () => {});
  setInterval(async () => {
    const strip = find("#lf-qwen3-tab-strip");
    if (!strip || !(isBusy() || strip.classList.contains("lfq-lost"))) return;
    const id = await identify().catch(() => null);
    if (id !== server) strip.classList.add("lfq-lost");
  }, 3 * seconds);

  // What gradio leaves out for screen readers: which sections are open, and which parts of the page change.
  const describe = () => {
    findAll(".lfq-section > button").forEach((head) => {
      head.setAttribute("aria-expanded", String(head.classList.contains("open")));
    });
    findAll(".lfq-live:not([aria-live])").forEach((view) => view.setAttribute("aria-live", "polite"));
  };
  describe();
  const changes = new MutationObserver(describe);
  const what = { subtree: true, childList: true, attributeFilter: ["class"] };
  findAll(".lfq-section").forEach((section) => changes.observe(section, what));

  // gradio refuses an upload whose name begins with a dot, and says so for a moment only.
  document.addEventListener("change", ({ target }) => {
    const files = target.closest(".lfq-section input[type=file]") ? [...target.files] : [];
    if (!files.some((file) => file.name.startsWith("."))) return;
    const named = new DataTransfer();
    files.forEach((file) => named.items.add(new File([file], file.name.replace(/^\.+/, "") || "file")));
    target.files = named.files;
  }, true);
  return given;
}
