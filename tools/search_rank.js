// What a query means, and which of the results answers it: by the names of pages and sections.
//
// lunr counts words of the text. Readers ask by name: of a symbol, a subject, a message. So the
// names are compared first (nearest.js), and the words of the text decide between equals.

// How far a name counts: the title, the address, the first tag, the last one; less on pages
// that repeat the others.
const TITLE = 1, ADDRESS = 0.95, FIRST = 0.9, LAST = 0.5
const isMessage = doc => /\/messages\//.test(doc.location)
const weight = doc => (doc.boost < 1 && !isMessage(doc) ? 0.7 : 1)

// Short for; asked for as the whole word. Those that are a tag need no entry.
const SHORT = {
  accum: "accumulation", bs: "batch size", ce: "cross entropy", ckpt: "checkpoint",
  clf: "classification", dist: "distributed", fp32: "float32", grad: "gradient", hparams: "hyperparameters",
  kd: "knowledge distillation", kld: "KLDivLoss", mae: "L1Loss", mb: "micro-batch", optim: "optimizer",
  sched: "scheduler", seg: "segmentation", vs: "or",
}

// "nn.CrossEntropyLoss", "cross entropy loss" and "crossentropyloss" are one name.
const plain = name => name.toLowerCase().replace(/[^a-z0-9]/g, "")
const bare = name => name.trim().replace(/^((torch|nn|optim|functional|utils|F|lr_scheduler|amp)\.)+/, "").replace(/\([^()]*\)$/, "")

let names, spelled, compare, text
function learn(docs) {
  names = []
  spelled = new Map()
  const add = (name, doc, value, least = Infinity) => {
    const same = value * weight(doc), like = same * (isMessage(doc) ? 0.6 : 1)
    names.push({ name, location: doc.location, plain: plain(name), bare: plain(bare(name)), same, like, least })
    for (const key of [plain(name), plain(bare(name))]) if (!spelled.has(key)) spelled.set(key, name)
  }
  for (const doc of docs) {
    // Of a message's title the quotation; a part of it, of at least so many words, is enough.
    const quotation = isMessage(doc) && /<code>.*<\/code>/.exec(doc.title)?.[0]
    add((quotation || doc.title).replace(/<[^>]+>|&\w+;/g, " "), doc, TITLE, quotation ? 2 : Infinity)
    add(doc.location.split(/[/#]/).filter(Boolean).pop()?.replace(/[-_]/g, " ") ?? "", doc, isMessage(doc) ? LAST : ADDRESS)
    for (const said of doc.messages ?? []) add(said, doc, LAST, 5)
    if (doc.location.includes("#")) continue
    const tags = doc.tags ?? []
    tags.forEach((tag, i) => add(tag, doc, FIRST + (LAST - FIRST) * i / tags.length))
  }
  spelled.delete("")
  compare = nearest(names.map(({ name }) => name))
  text = docs.map(doc => `${doc.title} ${doc.text}`).join(" ").toLowerCase()
}

// Edits from one word to the other; two letters that changed places are one edit.
function edits(a, b) {
  const rows = [[...Array(b.length + 1).keys()]]
  for (let i = 1; i <= a.length; i++) {
    rows[i] = [i]
    for (let j = 1; j <= b.length; j++) {
      rows[i][j] = Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (a[i - 1] !== b[j - 1]))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1)
      }
    }
  }
  return rows[a.length][b.length]
}

// A word that stands nowhere, as the name or the word of a name that was meant.
function correct(word) {
  const key = plain(word)
  const allowed = key.length < 5 ? 0 : key.length < 8 ? 1 : 2
  if (!allowed || text.includes(word.toLowerCase()) || [...spelled.keys()].some(name => name.startsWith(key))) return word
  let best = word, least = allowed + 1
  const consider = (name, as) => {
    if (Math.abs(name.length - key.length) >= least) return
    const distance = edits(name, key)
    if (distance < least) [best, least] = [as, distance]
  }
  for (const { name } of names) for (const part of name.toLowerCase().match(/[a-z]+/g) ?? []) consider(part, part)
  for (const [name, as] of spelled) consider(name, as)
  return best
}

// A query as lunr takes it, `text`, and what names are compared with, `subject`: a name as the
// guide spells it, the message of a traceback, or the telling words.
function understand(query) {
  const said = message(query)
  const named = SHORT[said.toLowerCase()] ?? spell(said)
  if (named) return { text: clean(named), subject: named }
  const parts = clean(said).split(/\s+/).filter(Boolean)
  const telling = parts.filter(part => !NOISE.has(part.toLowerCase()))
  const kept = (telling.length ? telling : parts).slice(0, 40)
  if (kept.length > 6 || said !== query.trim()) return { text: kept.join(" "), subject: said }
  const words = kept.map(word => SHORT[word.toLowerCase()] ?? correct(word)).join(" ")
  const text = spell(words) ?? words
  return { text: clean(text), subject: text }
}
const spell = text => spelled.get(plain(text)) ?? spelled.get(plain(bare(text)))
// Without the class of an error and the signs that lunr takes for orders.
const clean = text => text.replace(/^[\w.]*(Error|Exception|Warning|Interrupt):\s*/, "").replace(/[:~^*+"-]/g, " ")

// lunr's results in the order of how like their names are to the subject, then in its own.
function rank(items, subject) {
  const likes = {}
  const named = plain(subject), bared = plain(bare(subject)), phrase = /\S\s+\S/.test(subject)
  compare(subject).forEach(({ like, part, whole, shared }, i) => {
    const name = names[i]
    // Most of a message, or a piece of it; of two alike the first.
    const said = (part >= 0.8 && shared >= name.least) || (phrase && whole > 0.9 && shared >= Math.max(name.least, 4))
    const score = said ? 2 + like - i / 1e6 : name.plain === named ? 1.2 * name.same
      : name.bare === bared ? 1.1 * name.same : like * name.like
    likes[name.location] = Math.max(likes[name.location] ?? 0, score)
  })
  const most = Math.max(...items.flat().map(doc => doc.score))
  for (const group of items) {
    for (const doc of group) {
      const like = likes[doc.location] ?? 0
      doc.score = 3 * like + (like < 1.5 && doc.score / most)
    }
    group.sort((a, b) => b.score - a.score)
  }
  items.sort((a, b) => b[0].score - a[0].score)
}
