import type { components, operations } from "./generated/api";

type Schemas = components["schemas"];
export type Experiment = Schemas["Experiment"];
export type ExperimentType = Schemas["ExperimentType"];
export type Status = Experiment["status"];
export type Variant = Schemas["Variant"];
export type Condition = Schemas["ConditionTree"];
export type ConditionGroup = Schemas["ConditionGroup"];
export type ConditionRule = Schemas["ConditionRule"];
export type Schedule = Schemas["VariantSchedule"];
export type Results = Schemas["ExperimentResults"];
export type VariantResults = Schemas["VariantResults"];
export type Breakdown = Schemas["Breakdown"];
export type Violation = Schemas["Violation"];
export type Problem = Schemas["Problem"];
export type Explanation = Schemas["Explanation"];
export type DescribedRequest = Schemas["DescribedRequest"];
export type Session = Schemas["Session"];
export type Summary = Schemas["ExperimentSummary"];
export type Validation = Schemas["Validation"];
export type WhatIf = Schemas["WhatIf"];
export type System = Schemas["System"];
export type Sink = System["sinks"][number];
export type FleetNodes = Schemas["FleetNodes"];

type Answer<O, S extends number> = O extends { responses: Record<S, { content: { "application/json": infer A } }> } ? A : never;

export type Recomputations = Answer<operations["getRecomputations"], 200>;

/** An answer that is not a success. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly problem: Partial<Problem>,
  ) {
    super(problem.detail ?? problem.title ?? `HTTP ${status}`);
  }

  /** The last segment of the problem's type. */
  get code(): string {
    return this.problem.type?.split("/").pop() ?? "";
  }
}

/** Somebody has to sign in again. */
export const signedOut = new EventTarget();

interface Call {
  method?: string;
  body?: unknown;
  ifMatch?: string | undefined;
  signal?: AbortSignal | undefined;
}

async function send(path: string, { method = "GET", body, ifMatch, signal }: Call = {}): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined) {
    headers["Content-Type"] = "application/json";
  }
  if (ifMatch) {
    headers["If-Match"] = ifMatch;
  }
  const answer = await fetch(path, {
    method,
    headers,
    body: body === undefined ? null : JSON.stringify(body),
    signal: signal ?? null,
    credentials: "same-origin",
    cache: "no-store",
  });
  if (answer.ok) {
    return answer;
  }
  const problem = await answer.json().catch(() => ({}));
  if (answer.status === 401 && path !== "/ui/session") {
    signedOut.dispatchEvent(new Event("out"));
  }
  throw new ApiError(answer.status, problem);
}

const json = async <T>(path: string, call?: Call): Promise<T> => (await (await send(path, call)).json()) as T;

const root = "/experiments/api";
const one = (uid: string, more = ""): string => `${root}/${encodeURIComponent(uid)}${more}`;

/** An experiment and the version that If-Match names. */
export interface Versioned {
  experiment: Experiment;
  tag: string;
}

export const api = {
  session: (signal?: AbortSignal) => json<Session>("/ui/session", { signal }),

  signIn: (key: string) => send("/ui/session", { method: "POST", body: { key } }),

  signOut: () => send("/ui/session", { method: "DELETE" }),

  summaries: (query: URLSearchParams, signal?: AbortSignal) => json<Schemas["ExperimentSummaries"]>(`${root}/summaries?${query}`, { signal }),

  async get(uid: string, signal?: AbortSignal): Promise<Versioned> {
    const answer = await send(one(uid), { signal });
    const { experiment } = (await answer.json()) as Answer<operations["getExperiment"], 200>;
    return { experiment, tag: answer.headers.get("ETag") ?? "" };
  },

  create: (definition: unknown) => json<Answer<operations["createExperiment"], 201>>(root, { method: "POST", body: definition }),

  update: (uid: string, change: unknown, ifMatch: string) =>
    json<Answer<operations["updateExperiment"], 200>>(one(uid), { method: "PUT", body: change, ifMatch }),

  remove: (uid: string) => send(one(uid), { method: "DELETE" }),

  act: (uid: string, action: "start" | "pause") => json<Answer<operations["startExperiment"], 200>>(one(uid, `/${action}`), { method: "POST" }),

  complete: (uid: string, winnerVariantId: string | null) =>
    json<Answer<operations["completeExperiment"], 200>>(one(uid, "/complete"), {
      method: "POST",
      body: winnerVariantId ? { winnerVariantId } : {},
    }),

  results: async (uid: string, signal?: AbortSignal) =>
    (await json<Answer<operations["getResults"], 200>>(one(uid, "/results"), { signal })).results,

  recomputations: (uid: string, signal: AbortSignal) => json<Recomputations>(one(uid, "/recomputations"), { signal }),

  csvUrl: (uid: string) => one(uid, "/results.csv"),

  validate: (definition: object, uid: string | undefined, signal?: AbortSignal) =>
    json<Validation>(`${root}/validate`, { method: "POST", body: { ...definition, uid }, signal }),

  explainDefinition: (definition: object, uid: string | undefined, request: DescribedRequest, signal?: AbortSignal) =>
    json<{ explanation: Explanation }>(`${root}/explain`, { method: "POST", body: { definition: { ...definition, uid }, request }, signal }).then((a) => a.explanation),

  whatIf: (uid: string, body: object, signal: AbortSignal) => json<WhatIf>(one(uid, "/what-if"), { method: "POST", body, signal }),

  occurrences: (definition: object, uid: string | undefined, signal?: AbortSignal) =>
    json<Schemas["Occurrences"]>(`${root}/occurrences`, { method: "POST", body: { definition: { ...definition, uid }, days: 30 }, signal }),

  share: (uid: string, days: number) =>
    json<Answer<operations["shareExperiment"], 201>>(one(uid, "/shares"), { method: "POST", body: { days } }),

  shares: async (uid: string, signal: AbortSignal) => (await json<Answer<operations["listShares"], 200>>(one(uid, "/shares"), { signal })).shares,

  revokeShare: (uid: string, id: string) => send(one(uid, `/shares/${id}`), { method: "DELETE" }),

  shared: (token: string, signal?: AbortSignal) =>
    json<Answer<operations["sharedResults"], 200>>(`/ui/share/${token}/results`, { signal }),

  sharedRecomputations: (token: string, signal: AbortSignal) => json<Recomputations>(`/ui/share/${token}/recomputations`, { signal }),

  system: (signal?: AbortSignal) => json<System>("/system", { signal }),

  alerts: (signal: AbortSignal) => json<Schemas["Alerts"]>(`${root}/alerts?limit=100`, { signal }),

  fleetNodes: (signal: AbortSignal) => json<FleetNodes>("/fleet/nodes", { signal }),

  /** Why the live stream is refused, as an error; what is answered is given up at once. */
  async knockLive(): Promise<void> {
    const leaving = new AbortController();
    await send(liveUrl, { signal: leaving.signal });
    leaving.abort();
  },

  turnSink: (name: string, action: "pause" | "resume") => send(`/system/sinks/${encodeURIComponent(name)}/${action}`, { method: "POST" }),
};

/** An event as the live stream tells it. */
export interface LiveEvent {
  id: string;
  received_at: string;
  type: string;
  event?: string;
  experiment?: string;
  variant?: string;
  verdict?: string;
  verdict_reason?: string;
  synthetic?: string;
  country?: string;
  device_type?: string;
  browser?: string;
}

/** A request that was refused, and the command that repeats it. */
export interface LiveRefusal {
  at: string;
  method: string;
  route: string;
  status: number;
  reason: string;
  curl: string;
}

export const liveUrl = "/events/live";
