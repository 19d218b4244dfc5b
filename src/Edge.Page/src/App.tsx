import type { ComponentType } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { api, ApiError, signedOut, type Session } from "./api";
import { browserZone, prefer, timeZone, usePreferences, type Preferences } from "./preferences";
import { go, link, usePlace, type Place } from "./router";
import { t } from "./strings.en";
import { Failure, Loading } from "./ui/Parts";
import { useResource } from "./ui/useResource";
import { Experiments } from "./views/Experiments";
import { NotFound } from "./views/NotFound";
import { SignIn } from "./views/SignIn";

/** What every view gets. */
export interface ViewProps {
  place: Place;
  session: Session;
}

/** Views that are loaded when they are first looked at. */
const later = {
  experiment: () => import("./views/Experiment").then((m) => m.ExperimentView),
  edit: () => import("./views/Editor").then((m) => m.Editor),
  deliver: () => import("./views/Deliver").then((m) => m.Deliver),
  live: () => import("./views/operations").then((m) => m.Live),
  health: () => import("./views/operations").then((m) => m.Health),
};

const sharedToken = /^\/ui\/share\/([^/]+)\/?$/.exec(location.pathname)?.[1];

export function App() {
  usePreferences();
  return sharedToken ? <Shared token={sharedToken} /> : <SignedIn />;
}

function SignedIn() {
  const { data: session, error, isLoading, reload } = useResource((signal) => api.session(signal), "session");
  const [hasEnded, setEnded] = useState(false);
  const [isOut, setOut] = useState(false);
  useEffect(() => {
    const end = () => setEnded(true);
    signedOut.addEventListener("out", end);
    return () => signedOut.removeEventListener("out", end);
  }, []);

  if (isLoading && !session) {
    return <Loading />;
  }
  if (error instanceof ApiError && error.status === 401) {
    return <SignIn onDone={reload} />;
  }
  if (!session || isOut) {
    return isOut ? (
      <SignIn onDone={() => location.reload()} />
    ) : (
      <main>
        <Failure error={error} retry={reload} />
      </main>
    );
  }
  const signOut = () =>
    api.signOut().then(
      () => setOut(true),
      () => setOut(true),
    );
  return (
    <>
      <Shell session={session} onSignOut={signOut} />
      {hasEnded && (
        <SignIn
          isExpired
          onDone={() => {
            setEnded(false);
            reload();
          }}
        />
      )}
    </>
  );
}

function Shell({ session, onSignOut }: { session: Session; onSignOut: () => void }) {
  const place = usePlace();
  const main = useRef<HTMLElement>(null);
  const path = place.path.join("/");
  const isFirst = useRef(true);
  useEffect(() => {
    if (isFirst.current) {
      isFirst.current = false;
      return;
    }
    scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [path]);
  const section = place.path[0] ?? "experiments";
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        {t.skip}
      </a>
      <header class="bar">
        <div class="bar-in">
          <a class="brand" href={link()}>
            {t.product}
          </a>
          <nav class="nav" aria-label={t.nav.label}>
            <a href={link()} aria-current={section === "experiments" ? "page" : undefined}>
              {t.nav.experiments}
            </a>
            <a href={link("live")} aria-current={section === "live" ? "page" : undefined}>
              {t.nav.live}
            </a>
            <a href={link("health")} aria-current={section === "health" ? "page" : undefined}>
              {t.nav.health}
            </a>
          </nav>
          <Tools session={session} onSignOut={onSignOut} />
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1} key={path}>
        <View place={place} session={session} />
      </main>
    </>
  );
}

function Tools({ session, onSignOut }: { session?: Session; onSignOut?: () => void }) {
  const { zone, theme } = usePreferences();
  const zones = [...new Set(["UTC", "Europe/London", "Europe/Berlin", "America/New_York", "America/Los_Angeles", "Asia/Kolkata", "Asia/Tokyo", "Australia/Sydney", timeZone()])];
  return (
    <div class="tools">
      {session?.readOnly && <span class="soft">{t.tools.readOnly}</span>}
      <select aria-label={t.tools.zone} value={zone} onChange={(event) => prefer({ zone: event.currentTarget.value })}>
        <option value="">{t.tools.zoneOfBrowser(browserZone)}</option>
        {zones.filter((name) => name !== browserZone).map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <select aria-label={t.tools.theme} value={theme} onChange={(event) => prefer({ theme: event.currentTarget.value as Preferences["theme"] })}>
        {(["auto", "light", "dark"] as const).map((name) => (
          <option key={name} value={name}>
            {t.tools.themes[name]}
          </option>
        ))}
      </select>
      {onSignOut && (
        <button type="button" class="plain small-button" onClick={onSignOut}>
          {t.tools.signOut}
        </button>
      )}
    </div>
  );
}

function View(props: ViewProps) {
  const [first = "experiments", second, third] = props.place.path;
  switch (first) {
    case "experiments":
      if (!second) {
        return <Experiments {...props} />;
      }
      if (second === "new" || third === "edit") {
        return <Later name="edit" {...props} />;
      }
      return third === "deliver" ? <Later name="deliver" {...props} /> : third ? <NotFound /> : <Later name="experiment" {...props} />;
    case "live":
    case "health":
      return <Later name={first} {...props} />;
    default:
      return <NotFound />;
  }
}

const loaded: Partial<Record<keyof typeof later, ComponentType<ViewProps>>> = {};

function Later({ name, ...props }: ViewProps & { name: keyof typeof later }) {
  const [View, setView] = useState<{ It: ComponentType<ViewProps> } | null>(loaded[name] ? { It: loaded[name] } : null);
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    later[name]().then(
      (It) => {
        loaded[name] = It;
        setView({ It });
      },
      setError,
    );
  }, [name]);
  return View ? <View.It {...props} /> : error ? <Failure error={error} retry={() => go(location.hash)} /> : <Loading />;
}

function Shared({ token }: { token: string }) {
  const [It, setIt] = useState<{ It: ComponentType<{ token: string }> } | null>(null);
  useEffect(() => {
    void import("./views/Experiment").then((m) => setIt({ It: m.Shared }));
  }, []);
  return (
    <>
      <header class="bar">
        <div class="bar-in">
          <span class="brand">{t.product}</span>
          <Tools />
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {It ? <It.It token={token} /> : <Loading />}
      </main>
    </>
  );
}
