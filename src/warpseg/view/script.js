"use strict";
// Pages work without it: a few frames are shown one below the other. With it, a slider goes through all of them.
(() => {
  const root = document.documentElement;
  window.addEventListener("error", (event) => { root.dataset.error = event.message; });
  root.classList.add("scripted");

  for (const viewer of document.querySelectorAll(".viewer")) {
    const moments = [...viewer.querySelectorAll(".moment")];
    const slider = viewer.querySelector(".slider");
    const output = viewer.querySelector("output");
    const play = viewer.querySelector('[data-does="play"]');
    let timer = 0;

    const show = (position) => {
      const at = Math.min(Math.max(position, 0), moments.length - 1);
      moments.forEach((moment, k) => moment.classList.toggle("shown", k === at));
      const now = moments[at].dataset;
      slider.value = at;
      slider.setAttribute("aria-valuetext", now.caption);
      output.textContent = now.caption;
      viewer.dataset.shown = now.index;
      for (const cursor of document.querySelectorAll(".cursor")) {
        const { left, right } = cursor.dataset;
        cursor.setAttribute("transform", `translate(${1000 * (now.index - left) / (right - left)} 0)`);
      }
    };
    const stop = () => {
      clearInterval(timer);
      timer = 0;
      play.textContent = "▶";
      play.setAttribute("aria-label", "Play");
    };
    const step = (by) => show((Number(slider.value) + by + moments.length) % moments.length);
    const nearest = (index) => {
      let best = 0;
      moments.forEach((moment, k) => {
        if (Math.abs(moment.dataset.index - index) < Math.abs(moments[best].dataset.index - index)) best = k;
      });
      return best;
    };

    slider.addEventListener("input", () => { stop(); show(Number(slider.value)); });
    viewer.querySelector('[data-does="previous"]').addEventListener("click", () => { stop(); step(-1); });
    viewer.querySelector('[data-does="next"]').addEventListener("click", () => { stop(); step(1); });
    play.addEventListener("click", () => {
      if (timer) { stop(); return; }
      timer = setInterval(() => step(1), 400);
      play.textContent = "❚❚";
      play.setAttribute("aria-label", "Pause");
    });
    // A click into a curve through time goes to the frame nearest to it.
    for (const cursor of document.querySelectorAll(".cursor")) {
      const drawing = cursor.closest(".drawing");
      drawing.classList.add("seekable");
      drawing.addEventListener("click", (event) => {
        const box = drawing.getBoundingClientRect();
        const { left, right } = cursor.dataset;
        stop();
        show(nearest(Number(left) + (event.clientX - box.left) / box.width * (right - left)));
      });
    }
    // page.html#frame=120 opens at that frame.
    const follow = () => {
      const asked = /^#frame=(\d+)$/.exec(location.hash);
      show(asked ? nearest(Number(asked[1])) : Number(slider.value));
    };
    window.addEventListener("hashchange", follow);
    follow();
  }
  root.dataset.ready = "yes";
})();
