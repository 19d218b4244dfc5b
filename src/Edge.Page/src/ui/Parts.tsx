import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, type Status } from "../api";
import { t } from "../strings.en";
import { inWords } from "../words";
// What several views share comes with what all share: files of half a kilobyte compress badly.
import "../router";
import "./Table";
import "./Term";
import "./drawn";
import "./Charts";

export function State({ status }: { status: Status }) {
  return <span class={`pill ${status}`}>{t.status[status]}</span>;
}

export const sentence = (error: unknown): string =>
  error instanceof ApiError ? (error.status === 401 ? t.signIn.expired : inWords(error.message)) : error instanceof TypeError ? t.common.unreachable : t.common.failed;

export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  return (
    <div class="note trouble row" role="alert">
      <span class="grow">{sentence(error)}</span>
      {retry && (
        <button type="button" class="small-button" onClick={retry}>
          {t.common.retry}
        </button>
      )}
    </div>
  );
}

/** Says that it loads only if that takes long enough to be noticed. */
export function Loading() {
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 300);
    return () => clearTimeout(timer);
  }, []);
  return (
    <p class="soft" role="status">
      {isLate ? t.common.loading : ""}
    </p>
  );
}

export function Card({ title, tools, children, label }: { title?: ComponentChildren; tools?: ComponentChildren; children: ComponentChildren; label?: string }) {
  return (
    <section class="card" aria-label={label}>
      {(title || tools) && (
        <header>
          {title && <h2>{title}</h2>}
          {tools}
        </header>
      )}
      {children}
    </section>
  );
}

/** One of a few, as a row of buttons. */
export function Segments<T extends string>({ label, value, options, onChange }: { label: string; value: T; options: readonly (readonly [T, string])[]; onChange: (value: T) => void }) {
  return (
    <div class="tabs" role="group" aria-label={label}>
      {options.map(([key, text]) => (
        <button key={key} type="button" aria-pressed={key === value} onClick={() => onChange(key)}>
          {text}
        </button>
      ))}
    </div>
  );
}

export function Dialog({ title, children, onClose, isWide = false }: { title: string; children: ComponentChildren; onClose: () => void; isWide?: boolean }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => before instanceof HTMLElement && before.focus();
  }, []);
  return (
    <dialog ref={dialog} class={isWide ? "wide" : ""} aria-label={title} onClose={onClose} onCancel={onClose}>
      <div class="stack">
        <h2>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}

export function Copy({ text }: { text: string }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text).then(
      () => setCopied(true),
      () => setCopied(false),
    );
    setTimeout(() => setCopied(false), 2000);
  };
  return (
    <button type="button" class="small-button" onClick={copy}>
      <span aria-live="polite">{isCopied ? t.common.copied : t.common.copy}</span>
    </button>
  );
}

/** A text to copy. */
export function Code({ title, text }: { title: string; text: string }) {
  return (
    <div class="stack-s">
      <div class="row">
        <span class="label grow">{title}</span>
        <Copy text={text} />
      </div>
      <pre class="code" tabIndex={0} aria-label={title}>
        {text}
      </pre>
    </div>
  );
}

/** The title of a view and of its window. What was focused and is gone gives the focus to it. */
export function Title({ children }: { children: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${heading.current?.textContent ?? ""} · ${t.product}`;
  });
  return (
    <h1 ref={heading} class="wrap" tabIndex={-1}>
      {children}
    </h1>
  );
}
