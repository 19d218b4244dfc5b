import { useEffect, useRef, useState } from "preact/hooks";
import { api, ApiError } from "../api";
import { t } from "../strings.en";
import { Title, sentence } from "../ui/Parts";

/** Exchanges a key for a session. The key is in the input alone, and gone once it is sent. */
export function SignIn({ onDone, isExpired = false }: { onDone: () => void; isExpired?: boolean }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  if (isExpired) {
    return (
      <dialog ref={dialog} aria-label={t.signIn.submit} onCancel={(event) => event.preventDefault()}>
        <div class="stack">
          <h2>{t.signIn.submit}</h2>
          <p class="note caution">{t.signIn.expired}</p>
          <KeyForm onDone={onDone} />
        </div>
      </dialog>
    );
  }
  return (
    <main class="sign">
      <div class="stack-s">
        <Title>{t.signIn.title}</Title>
        <p class="soft">{t.signIn.lead}</p>
      </div>
      <KeyForm onDone={onDone} />
      <div class="stack-s small soft">
        <p>{t.signIn.how}</p>
        <pre class="code">edge keys create --kind pictify</pre>
        <p>{t.signIn.forLooking}</p>
        <pre class="code">edge keys create --kind pictify-read</pre>
      </div>
    </main>
  );
}

function KeyForm({ onDone }: { onDone: () => void }) {
  const input = useRef<HTMLInputElement>(null);
  const [error, setError] = useState("");
  const [isSending, setSending] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    const key = input.current!.value.trim();
    setSending(true);
    setError("");
    try {
      await api.signIn(key);
      input.current!.value = "";
      onDone();
    } catch (e) {
      setError(e instanceof ApiError && e.status === 429 ? t.signIn.tooMany : e instanceof ApiError && (e.status === 400 || e.status === 401) ? t.signIn.wrong : sentence(e));
      input.current?.focus();
    } finally {
      setSending(false);
    }
  };
  return (
    <form class="stack" onSubmit={submit}>
      <div class="field">
        <label for="key">{t.signIn.key}</label>
        <input id="key" ref={input} type="password" autocomplete="off" spellcheck={false} required autofocus aria-invalid={error ? "true" : undefined} aria-describedby="key-error" />
        <span id="key-error" class="error" role="alert">
          {error}
        </span>
      </div>
      <button class="primary" disabled={isSending}>
        {t.signIn.submit}
      </button>
    </form>
  );
}
