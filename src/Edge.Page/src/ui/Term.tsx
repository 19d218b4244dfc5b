import type { ComponentChildren } from "preact";
import { useId, useRef } from "preact/hooks";
import { t } from "../strings.en";

let shown: { tip: HTMLElement; at: HTMLElement } | null = null;

function hide(): void {
  shown?.tip.remove();
  shown = null;
}

function show(at: HTMLElement, text: string): void {
  hide();
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.setAttribute("aria-hidden", "true");
  tip.textContent = text;
  // Into the dialog if there is one: what is outside lies below it.
  (at.closest("dialog") ?? document.body).append(tip);
  const box = at.getBoundingClientRect();
  const left = Math.max(12, Math.min(box.left, document.documentElement.clientWidth - tip.offsetWidth - 12));
  const above = box.top - tip.offsetHeight - 8;
  tip.style.left = `${left}px`;
  tip.style.top = `${above > 8 ? above : box.bottom + 8}px`;
  shown = { tip, at };
}

addEventListener("keydown", (event) => event.key === "Escape" && hide());
addEventListener("scroll", hide, { capture: true, passive: true });

/** A word with its definition, on hover, keyboard focus and touch. */
export function Term({ about, children }: { about: keyof typeof t.definitions; children: ComponentChildren }) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const open = () => button.current && show(button.current, t.definitions[about]);
  return (
    <>
      <button ref={button} type="button" class="term" aria-describedby={id} onMouseEnter={open} onMouseLeave={hide} onFocus={open} onBlur={hide} onClick={open}>
        {children}
      </button>
      <span id={id} hidden>
        {t.definitions[about]}
      </span>
    </>
  );
}
