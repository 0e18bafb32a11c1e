// Stands in for Material's search worker until somebody searches.
//
// The theme starts its worker and hands it the whole index on every page. This one says
// that it is ready, and loads both, `lunr.js` and `index.json`, with the first query.

const SETUP = 0, READY = 1, QUERY = 2, RESULT = 3
let setup
const waiting = []

// Each word also matches the words that it begins: "to" would find "token", and a question
// or a message would find the pages with the most of them. The class of an error is not
// part of its message.
const NOISE = new Set(
  ("a an and are as at be but by can do does due for from got has have how i if in into is it " +
  "its my no not of on only or please so than that the their them then there these they this " +
  "to use used using was what when where which why will with you your").split(" "))
const plain = query => {
  const words = query.replace(/^\s*[\w.]*(Error|Exception|Warning):\s*/, "").split(/\s+/)
  const telling = words.filter(word => !NOISE.has(word.toLowerCase()))
  return (telling.length ? telling : words).join(" ")
}
let asked
addEventListener("message", ({ data: message }) => {
  if (message.type === QUERY && message.data) {
    asked = message.data
    message.data = plain(message.data)
  }
})

// An error message finds its entry first: the one of whose quotation in the title it holds
// most, rare words counting more. By single words, pages on the subject would come first.
const MESSAGES = "troubleshoot/messages/"
const split = text => new Set(text.toLowerCase().replace(/<[^>]+>|&\w+;/g, " ").match(/[a-z]{2,}/g))
let titles, rarity
function learn(docs) {
  titles = docs.filter(doc => doc.location.startsWith(MESSAGES) && doc.location.includes("#"))
    .map(({ location, title }) => ({ location, words: [...split(/<code>.*<\/code>/.exec(title)?.[0] ?? "")] }))
  const count = {}
  for (const { words } of titles) for (const word of words) count[word] = (count[word] || 0) + 1
  rarity = words => words.reduce((sum, word) => sum + Math.log(1 + titles.length / (count[word] || 1)), 0)
}
function promote(items, query) {
  const asked = split(query)
  let best, most = 0
  for (const { location, words } of titles) {
    const shared = words.filter(word => asked.has(word))
    if (shared.length < 2 || rarity(shared) < 0.8 * rarity(words)) continue
    const like = rarity(shared) / Math.sqrt(rarity(words))
    if (like > most) [best, most] = [location, like]
  }
  const page = items.findIndex(group => group.some(doc => doc.location === best))
  if (page < 0) return
  const [group] = items.splice(page, 1)
  for (const doc of group) doc.score = doc.location === best ? 2 : Math.min(doc.score, 1)
  items.unshift(group.sort((a, b) => b.score - a.score))
}

// `lunr.js` listens to the same messages once it is here; only those that came before
// are handed on.
const hand = data => dispatchEvent(new MessageEvent("message", { data }))

async function load() {
  const index = await fetch(new URL("../../../search/index.json", location))
  setup.data.docs = (await index.json()).docs
  learn(setup.data.docs)
  removeEventListener("message", stand)
  importScripts("lunr.js")
  const post = self.postMessage
  self.postMessage = message => {
    // Ready: hand on the newest query; the others are typed over.
    if (message.type === READY) return hand(waiting.pop())
    if (message.type === RESULT) promote(message.data.items, asked)
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
