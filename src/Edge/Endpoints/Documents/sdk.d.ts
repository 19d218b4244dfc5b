/**
 * Types of the browser client `/sdk.js` (docs/api.md, section "In the browser"). Copy this file beside your sources; it
 * declares `window.edge`, and the global `edge`.
 */

/** Where one sees the event of an experiment. */
type EdgeChannel = 'web' | 'email' | 'ad' | 'in-app' | 'social' | 'other'

/** Settings; each is an attribute of the script tag too: `writeKey` is `data-write-key`. */
interface EdgeSettings {
  /** Base address of Edge; by default the origin of the script. Needed when the script is bundled. */
  url?: string
  /** Key of impressions, views, clicks and conversions, `wk_...`. */
  writeKey?: string
  /** Key of `track`, `pk_live_...`; its origins must list the page's. */
  key?: string
  /** Your own opaque id of the visitor, as in the links of your mails; by default `userId`. */
  u?: string
  /** Who it is, where the visitor has signed in. */
  userId?: string
  sessionId?: string
  /** By default random for each page. */
  anonymousId?: string
  /** Channel of experiment events; by default `web`. */
  channel?: EdgeChannel
  /** May keep the anonymous id and unsent events in the browser's storage. */
  storage?: 'session' | 'local'
  /** `ignore` sends although the browser asks for privacy. */
  gpc?: 'ignore'
  /** How long experiment events wait for others, milliseconds; by default 250. */
  delay?: number
}

/** An event of an experiment: its slug, the variant (else the one that `variant` has resolved), and more about it. */
type EdgeReport = (slug: string, variant?: string | null, metadata?: Record<string, unknown>) => void

interface EdgeClient {
  impression: EdgeReport
  view: EdgeReport
  click: EdgeReport
  conversion: EdgeReport
  /** Sends an event to `/v1/track`. */
  track(event: string, properties?: Record<string, unknown>): void
  /** The variant of this visitor; null when there is none to show. Counts nothing. */
  variant(slug: string): Promise<string | null>
  /** Changes settings. Say who it is before the first `variant`. */
  init(settings: EdgeSettings): void
  /** Sends what is waiting, now. */
  flush(): void
  /** A call by name, as in the array that stands in for the client until it is loaded. */
  push(call: EdgeCall): void
}

type EdgeCallName = 'impression' | 'view' | 'click' | 'conversion' | 'track' | 'variant' | 'init' | 'flush'
type EdgeCall = { [Name in EdgeCallName]: [Name, ...Parameters<EdgeClient[Name]>] }[EdgeCallName]

interface Window {
  /** Before the client has loaded, an array of calls: `window.edge = [['view', 'my-slug']]`. */
  edge: EdgeClient | EdgeCall[]
}

declare const edge: EdgeClient
