// Which texts are most like another one: by the words that they share, the rare ones first.
// Shared by the search (tools/search_rank.js) and the box that takes a traceback (site.js).

// Words that tell nothing about the subject.
const NOISE = new Set(
  ("a an and are as at be but by can do does due for from got has have how i if in into is it " +
  "its make my need no not of on or please should so than that the their them then there these " +
  "they this to use used using want was what when where which why will with write you your").split(" "))

// The message of a traceback: from the last class of an error on. The lines may have become one.
function message(text) {
  const classes = [...text.matchAll(/(^|\s)[\w.]*(Error|Exception|Warning|Interrupt)(?=:|\s*$)/g)]
  return text.slice(classes.pop()?.index ?? 0).trim()
}

// "CrossEntropyLoss" as three words; decreases, decreasing and decrease as one.
function words(text) {
  const split = text.replace(/(?<=[a-z])(?=[A-Z])|(?!\b)(?=[A-Z][a-z])/g, " ")
  const found = split.toLowerCase().match(/[a-z]{2,}/g) ?? []
  return new Set(found.filter(word => !NOISE.has(word)).map(word =>
    word.length > 4 ? word.replace(/(?<!s)s$/, "").replace(/(ing|ed|e)$/, "") : word))
}

// A function that compares a text with each of these. `like` is 1 for the same words and 0 for
// no common one; `part` is how much of the listed text the other one holds, in `shared` words,
// and `whole` how much of the other one the listed text holds.
function nearest(texts) {
  const listed = texts.map(words)
  const count = {}
  for (const own of listed) for (const word of own) count[word] = (count[word] || 0) + 1
  const worth = of => of.reduce((sum, word) => sum + Math.log(1 + texts.length / (count[word] || 1)), 0)
  const worths = listed.map(own => worth([...own]))
  return text => {
    const asked = words(text)
    const all = worth([...asked])
    return listed.map((own, i) => {
      const shared = [...own].filter(word => asked.has(word))
      const common = worth(shared)
      return {
        like: common / Math.sqrt(all * worths[i] || 1), shared: shared.length,
        part: common / (worths[i] || 1), whole: common / (all || 1),
      }
    })
  }
}
