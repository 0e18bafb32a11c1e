// What the theme leaves out. The site reads the same without it.
(() => {
  const all = (selector, act) => document.querySelectorAll(selector).forEach(act)

  // A console session is copied as the code that was typed: no prompts, no output.
  all(".language-pycon, .language-console", block => {
    const code = block.querySelector("code").cloneNode(true)
    if (!code.querySelector(".gp")) return
    const typed = []
    for (const line of code.innerHTML.split("\n")) {
      const row = document.createElement("span")
      row.innerHTML = line
      if (!row.querySelector(".gp")) continue
      row.querySelectorAll(".gp").forEach(prompt => prompt.remove())
      typed.push(row.textContent)
    }
    block.dataset.copy = typed.join("\n")
  })

  // What scrolls sideways can be reached by keyboard; what does not is no tab stop.
  const boxes = () => {
    all(".md-typeset__scrollwrap, .formula", box => {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0
      else box.removeAttribute("tabindex")
    })
    all(".md-code__nav", nav => nav.setAttribute("role", "none"))
  }
  addEventListener("resize", boxes)
  addEventListener("load", boxes)
  new MutationObserver(boxes).observe(document.querySelector(".md-content"), { childList: true, subtree: true })

  // A pasted traceback is searched for by its last line, without the name of the class.
  const query = document.querySelector(".md-search__input")
  query?.addEventListener("paste", event => {
    const lines = event.clipboardData.getData("text").trim().split("\n")
    const line = lines.pop().replace(/^\s*[\w.]*(Error|Exception|Warning):\s*/, "")
    event.preventDefault()
    query.setRangeText(line.replace(/[:~^*+"-]/g, " "), query.selectionStart, query.selectionEnd, "end")
    query.dispatchEvent(new Event("keyup"))
    query.dispatchEvent(new Event("input"))
  })
})()
