import { ApiError } from "../api";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";

const retryMs = 3_000;

export interface Resource<T> {
  data: T | undefined;
  error: unknown;
  isLoading: boolean;
  reload: () => void;
}

/**
 * Loads something, again whenever `key` changes and every `everyMs` while the page is looked at. What was there stays until
 * what replaces it has come. A server that does not answer, or cannot, is asked again.
 */
export function useResource<T>(load: (signal: AbortSignal) => Promise<T>, key: string, everyMs = 0): Resource<T> {
  const [state, setState] = useState<{ data?: T; error?: unknown; isLoading: boolean; key: string }>({ isLoading: true, key });
  const [turn, setTurn] = useState(0);
  const latest = useRef(load);
  latest.current = load;

  useEffect(() => {
    const leaving = new AbortController();
    let timer = 0;
    const run = () => {
      if (document.hidden && everyMs > 0) {
        timer = window.setTimeout(run, everyMs);
        return;
      }
      latest.current(leaving.signal).then(
        (data) => finish({ data, isLoading: false, key }),
        (error: unknown) => finish({ error, isLoading: false, key }),
      );
    };
    const finish = (next: { data?: T; error?: unknown; isLoading: boolean; key: string }) => {
      if (leaving.signal.aborted) {
        return;
      }
      setState((before) => ({ ...next, data: next.data ?? (before.key === key ? before.data : undefined) }));
      if (everyMs > 0) {
        timer = window.setTimeout(run, everyMs);
      }
    };
    setState((before) => ({ ...before, isLoading: true }));
    run();
    return () => {
      leaving.abort();
      clearTimeout(timer);
    };
  }, [key, turn, everyMs]);

  const reload = useCallback(() => setTurn((n) => n + 1), []);
  useRetry(everyMs > 0 ? undefined : state.error, reload);
  return { data: state.data, error: state.error, isLoading: state.isLoading, reload };
}

/** Tries again after a while if the error says that the server is away. */
export function useRetry(error: unknown, retry: () => void): void {
  useEffect(() => {
    if (error instanceof TypeError || (error instanceof ApiError && error.status >= 500)) {
      const timer = setTimeout(retry, retryMs);
      return () => clearTimeout(timer);
    }
    return undefined;
  }, [error]);
}

/** The value once it has not changed for a while. */
export function useSettled<T>(value: T, delayMs: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(() => value), delayMs);
    return () => clearTimeout(timer);
  }, [value, delayMs]);
  return settled;
}
