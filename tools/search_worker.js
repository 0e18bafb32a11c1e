// Stands in for Material's search worker until somebody searches.
//
// The theme starts its worker and hands it the whole index on every page. This one says
// that it is ready, and loads both, `lunr.js` and `index.json`, with the first query. What
// lunr is asked, and the order of what it finds, are decided in `rank.js`.

const SETUP = 0, READY = 1, QUERY = 2, RESULT = 3
let setup
const waiting = []

// `lunr.js` listens to the same messages once it is here; only those that came before
// are handed on.
const hand = data => dispatchEvent(new MessageEvent("message", { data }))

async function load() {
  const index = await fetch(new URL("../../../search/index.json", location))
  setup.data.docs = (await index.json()).docs
  removeEventListener("message", stand)
  importScripts("../../nearest.js", "rank.js")
  learn(setup.data.docs)
  let subject
  addEventListener("message", ({ data: message }) => {
    if (message.type === QUERY) ({ text: message.data, subject } = understand(message.data))
  })
  importScripts("lunr.js")
  const post = self.postMessage
  self.postMessage = message => {
    // Ready: hand on the newest query; the others are typed over.
    if (message.type === READY) return hand(waiting.pop())
    if (message.type === RESULT) rank(message.data.items, subject)
    post(message)
  }
  hand(setup)
}

function stand({ data: message }) {
  if (message.type === SETUP) {
    setup = message
    postMessage({ type: READY })
  } else if (message.type === QUERY && message.data) {
    if (waiting.push(message) === 1) load().catch(error => {
      waiting.length = 0 // the next query tries again
      throw error
    })
  } else {
    postMessage({ type: RESULT, data: { items: [] } })
  }
}

addEventListener("message", stand)
