// Edge in a page: docs/api.md, section "In the browser". Served at /sdk.js without what only people need: comments, spaces.
// Settings come from data attributes of the script tag (data-write-key is writeKey) and from edge.init({...}); the later ones win.
(() => {
  const earlier = window.edge
  if (earlier?.track) return

  // Elements with the name or id of a property of the document stand in for it; its prototype cannot be replaced that way.
  const own = name => Object.getOwnPropertyDescriptor(Document.prototype, name)?.get.call(document)

  // Browsers let a page that is being left send 64 KiB in all; this leaves room for others.
  const bytesMax = 60000
  const queueMax = 1000
  const textMax = 2048

  const script = own('currentScript')
  const settings = {
    url: script ? script.src.replace(/sdk\.js.*/, '') : '/',
    delay: 250,
    channel: 'web',
    ...(script && script.dataset),
  }
  const shown = Object.create(null)

  // Global Privacy Control: nothing is sent, unless the page says that it may be.
  const isSilent = () => navigator.globalPrivacyControl && settings.gpc != 'ignore'
  // The sender's own id of the visitor goes along, so that page, mail and server agree on the variant.
  const address = path => {
    const unit = settings.u || settings.userId
    return settings.url.replace(/\/?$/, '/') + path + '?' + (unit ? 'u=' + encodeURIComponent(unit) : '')
  }
  const randomId = () => [...crypto.getRandomValues(new Uint8Array(16))].map(byte => (byte + 256).toString(16).slice(1)).join('')
  const pageId = randomId()
  const referrer = own('referrer').slice(0, textMax) || undefined

  // Nothing is stored unless asked for with storage: 'session' or 'local'; a browser may refuse even then.
  const stored = (name, value) => {
    try {
      const store = window[settings.storage + 'Storage']
      if (value) store.setItem('edge.' + name, JSON.stringify(value))
      return JSON.parse(store.getItem('edge.' + name))
    } catch {}
  }

  // A way to the server: events wait here as JSON and leave in requests of at most countMax.
  const lane = (name, countMax, target, bodyOf) => {
    const queue = []
    let timer, isBusy, failures = 0

    const sizeOf = event => new Blob([event]).size + 1
    const isFit = event => typeof event == 'string' && event && sizeOf(event) + 2 < bytesMax

    // A page that is prerendered may never be seen: what it has to say waits until it is.
    const isReady = () => queue.length && !isSilent() && !own('prerendering') && target()

    const take = () => {
      let count = 0, bytes = 2
      while (count < countMax && queue[count] && (bytes += sizeOf(queue[count])) < bytesMax) count++
      return queue.splice(0, count)
    }

    const post = async events => {
      let status = 0, text
      try {
        const answer = await fetch(target(), { method: 'POST', body: bodyOf(events), credentials: 'omit', keepalive: true })
        status = answer.status
        // Until its answer is read, a request counts for the 64 KiB a browser lets a page have under way with keepalive.
        text = await answer.text()
      } catch {}
      const isLost = !status || status == 429 || status > 499
      if (isLost) queue.unshift(...events)
      else if (status > 399 || /"errors"/.test(text)) console.warn('edge: ' + name + ' refused with ' + status + ' ' + text)
      failures = isLost ? failures + 1 : 0
      schedule()
    }

    const send = async () => {
      clearTimeout(timer)
      timer = 0
      if (isBusy || !isReady()) return
      isBusy = 1
      await post(take())
      isBusy = 0
      if (!failures) send()
    }

    const schedule = () => {
      if (queue.length && !timer)
        timer = setTimeout(send, failures ? Math.min(60000, settings.delay * 2 ** failures) * (1 + Math.random()) / 2 : settings.delay)
    }

    return {
      send,

      add(event) {
        if (isSilent()) return
        let text
        try {
          text = JSON.stringify(event)
        } catch {}
        if (!isFit(text)) return console.warn('edge: too large, or no JSON')
        queue.push(text)
        if (queue.length > queueMax) queue.shift()
        if (failures || queue.length < countMax) schedule()
        else send()
      },

      // The page may never run again. What a silent server or a full browser has not taken waits for the next visit, where it may be stored.
      leave() {
        while (isReady()) {
          const events = take()
          const isSent = !failures && navigator.sendBeacon?.(target(), bodyOf(events))
          if (!isSent && !stored(name, [].concat(stored(name) || [], events))) post(events)
        }
      },

      restore() {
        const events = stored(name)
        // Whatever else stands there was not put there by this script.
        if (Array.isArray(events) && !isSilent()) {
          stored(name, [])
          queue.unshift(...events.filter(isFit).slice(-queueMax))
        }
        schedule()
      },
    }
  }

  let isTold
  const tracks = lane('track', 1, () => {
    if (settings.key) return address('v1/track') + '&key=' + settings.key
    isTold ||= console.error('edge: track needs data-key="pk_..."') || 1
  }, events => events[0])
  const reports = lane('events', 100, () => address('s/events'), events => '[' + events + ']')
  const all = action => () => [tracks, reports].forEach(lane => lane[action]())
  const leave = all('leave'), restore = all('restore')

  const report = event => (experiment, variantId, metadata) => reports.add({
    event,
    experiment,
    variantId: variantId || shown[experiment],
    metadata,
    channel: settings.channel,
    referrer,
    source: 'sdk',
    writeKey: settings.writeKey,
  })

  const edge = window.edge = {
    impression: report('impression'),
    view: report('view'),
    click: report('click'),
    conversion: report('conversion'),

    track: (event, properties) => isSilent() || tracks.add({
      event,
      // A request that is repeated is still the same event.
      event_id: randomId(),
      timestamp: new Date(),
      anonymous_id: settings.anonymousId || stored('id') || stored('id', pageId) || pageId,
      user_id: settings.userId,
      session_id: settings.sessionId,
      url: location.href.split('#')[0].slice(0, textMax),
      referrer,
      properties,
    }),

    // The variant of this visitor; null when there is none to show, and the page then shows what it would show anyway.
    async variant(slug) {
      if (isSilent()) return null
      try {
        shown[slug] ||= (await (await fetch(address('s/' + slug + '/resolve'), { credentials: 'omit' })).json()).variantId
      } catch {}
      return shown[slug] || null
    },

    init(options) {
      // What waits belongs to whom it was until now.
      edge.flush()
      Object.assign(settings, options)
      restore()
    },

    flush: all('send'),

    // For scripts that load later than they are used: window.edge = [["view", "my-slug"]].
    push: ([name, ...values]) => edge[name] && edge[name](...values),
  }

  addEventListener('pagehide', leave)
  addEventListener('visibilitychange', () => own('hidden') ? leave() : restore(), true)
  addEventListener('prerenderingchange', edge.flush, true)
  addEventListener('online', edge.flush)
  restore()
  if (Array.isArray(earlier)) earlier.forEach(edge.push)
  if ('pageView' in settings) edge.track(settings.pageView || 'page_view')
})()
