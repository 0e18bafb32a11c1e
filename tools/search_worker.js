// Stands in for Material's search worker until somebody searches.
//
// The theme starts its worker and hands it the whole index on every page. This one says
// that it is ready, and loads both, `lunr.js` and `index.json`, with the first query.

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
  importScripts("lunr.js")
  const post = self.postMessage
  self.postMessage = message => {
    // Ready: hand on the newest query; the others are typed over.
    message.type === READY ? hand(waiting.pop()) : post(message)
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
