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
    const found = [...document.querySelectorAll(".md-typeset__scrollwrap, .formula")]
    const wide = found.map(box => box.scrollWidth > box.clientWidth) // all before the first change
    found.forEach((box, i) => wide[i] ? box.tabIndex = 0 : box.removeAttribute("tabindex"))
    all(".md-code__nav:not([role])", nav => nav.setAttribute("role", "none"))
  }
  let due
  const soon = () => { cancelAnimationFrame(due); due = requestAnimationFrame(boxes) }
  addEventListener("resize", soon)
  addEventListener("load", soon)
  new MutationObserver(soon).observe(document.querySelector(".md-content"), { childList: true, subtree: true })

  // A filter for the tables below it. Numbers are ignored: those of another reader's
  // message differ. Sections without a match are hidden with their headings.
  all("[data-filter]", place => {
    const plain = text => text.toLowerCase().replace(/\d+/g, "0")
    const label = document.createElement("label")
    const input = document.createElement("input")
    const count = document.createElement("output")
    input.type = "search"
    input.placeholder = place.dataset.filter
    label.append("Filter the tables", input)
    place.replaceChildren(label, count)
    const sections = []
    for (const element of [...place.parentElement.children]) {
      if (/^H[123]$/.test(element.tagName)) sections.push({ title: plain(element.textContent), elements: [], rows: [] })
      const section = sections.at(-1)
      section.elements.push(element)
      section.rows.push(...element.querySelectorAll("tbody tr"))
    }
    input.addEventListener("input", () => {
      const words = plain(input.value).split(/\s+/).filter(Boolean)
      let found = 0
      for (const { title, elements, rows } of sections) {
        if (!rows.length) continue
        let shown = 0
        for (const row of rows) {
          const text = title + plain(row.textContent)
          row.hidden = !words.every(word => text.includes(word))
          shown += !row.hidden
        }
        for (const element of elements) if (element !== place) element.hidden = !shown
        found += shown
      }
      count.textContent = words.length ? `${found} rows` : ""
    })
  })

  // Weight decay in every convention: fields above a table that is whole without them.
  all("[data-decay]", place => {
    const shares = [lr => lr, () => 1, lr => lr / 10, lr => lr, lr => lr * 10]
    const [fields, cells] = [place.firstElementChild, place.querySelectorAll("tbody td:last-child")]
    fields.replaceChildren()
    const field = (text, name, value) => {
      const label = document.createElement("label")
      const input = document.createElement(name)
      if (name === "input") Object.assign(input, { type: "number", step: "any", min: 0, value })
      label.append(text, input)
      fields.append(label)
      return input
    }
    const lr = field("Peak learning rate", "input", 0.001)
    const decay = field("Weight decay", "input", 0.1)
    const source = field("Written for", "select")
    const steps = field("Steps", "input", 10000)
    shares.forEach((_, i) => source.add(new Option(cells[i].previousElementSibling.textContent)))
    place.addEventListener("input", () => {
      const rate = lr.valueAsNumber, share = decay.valueAsNumber * shares[source.selectedIndex](rate)
      const half = Math.log(0.5) / Math.log1p(-share), left = (1 - share) ** steps.valueAsNumber
      const results = [...shares.map(of => share / of(rate)), share, half, left]
      cells.forEach((cell, i) => { cell.textContent = share < 1 && isFinite(results[i]) ? +results[i].toPrecision(3) : "–" })
    })
  })

  // A slider above a figure: what belongs to one of its steps stands out, and the rest is
  // faint; where the steps are panels of one size, in so many columns, one is seen at a time.
  all("[data-stepper]", place => {
    const svg = place.nextElementSibling?.querySelector("svg.plot")
    if (!svg) return
    const names = place.dataset.stepper.split(" ")
    const columns = +place.dataset.columns
    const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number)
    const size = [width / columns, height / Math.ceil(names.length / columns)]
    const label = document.createElement("label")
    const input = document.createElement("input")
    const output = document.createElement("output")
    input.type = "range"
    input.max = names.length - 1
    input.value = names.indexOf(place.dataset.start)
    const show = () => {
      const name = names[input.value]
      const said = new Set()
      if (columns) svg.setAttribute("viewBox", [input.value % columns * size[0], Math.floor(input.value / columns) * size[1], ...size].join(" "))
      else for (const part of svg.querySelectorAll("[data-step]")) {
        part.classList.toggle("faint", part.dataset.step !== name)
        if (part.dataset.step === name && part.textContent) said.add(part.textContent)
      }
      output.textContent = name
      input.setAttribute("aria-valuetext", [...said].join(", ") || name)
    }
    label.append(place.dataset.label, input)
    place.replaceChildren(label, output)
    input.addEventListener("input", show)
    show()
  })

  // Escape puts a tooltip away that stays while its term has the focus.
  addEventListener("keydown", ({ key }) => {
    if (key === "Escape") all(".md-tooltip2--active", tip => tip.classList.remove("md-tooltip2--active"))
  })

  // A figure is enlarged in a dialog. It moves there and back, so its ids stay unique and
  // what a script does with it goes on.
  all("figure.plot", figure => {
    const open = document.createElement("button")
    open.className = "enlarge"
    open.type = "button"
    open.ariaLabel = "Enlarge the figure"
    open.addEventListener("click", () => {
      const svg = figure.querySelector("svg")
      const dialog = document.createElement("dialog")
      const close = document.createElement("button")
      const box = document.createElement("div")
      dialog.className = "enlarged"
      dialog.ariaLabel = "Enlarged figure"
      close.textContent = "Close"
      box.tabIndex = 0 // scrolls by keyboard
      figure.style.minHeight = `${figure.getBoundingClientRect().height}px` // nothing below moves
      box.append(svg)
      dialog.append(close, box)
      document.body.append(dialog)
      close.addEventListener("click", () => dialog.close())
      dialog.addEventListener("keydown", event => event.stopPropagation()) // keys of the page
      dialog.addEventListener("close", () => {
        figure.prepend(svg)
        figure.style.minHeight = ""
        dialog.remove()
      })
      dialog.showModal()
    })
    figure.append(open)
  })

  // The chooser: one open answer a question, and the address names it.
  all(".chooser", chooser => {
    const follow = () => {
      let answer = chooser.querySelector(`[id="${CSS.escape(location.hash.slice(1))}"]`)
      for (; answer; answer = answer.parentElement.closest("details")) answer.open = true
    }
    chooser.addEventListener("toggle", event => {
      const answer = event.target
      if (!answer.open) return
      for (const other of answer.parentElement.children) if (other !== answer) other.open = false
      if (!answer.querySelector("details[open]")) history.replaceState(null, "", `#${answer.id}`)
    }, true)
    addEventListener("hashchange", follow)
    follow()
  })

  // A pasted traceback finds the entries with the most like message (nearest.js). Nothing leaves
  // the page.
  all("[data-paste]", place => {
    const listed = [...document.querySelectorAll("[data-messages] li")].flatMap(item =>
      [item.textContent, ...item.dataset.other?.split("¦") ?? []].map(text => ({ item, text })))
    const compare = nearest(listed.map(({ text }) => text))
    const label = document.createElement("label")
    const input = document.createElement("textarea")
    const list = document.createElement("ol")
    const status = document.createElement("output")
    input.rows = 3
    input.placeholder = "RuntimeError: expected target dtype to be Long or Byte, but got Float"
    label.append("Paste your traceback, or its last line", input)
    place.replaceChildren(label, status, list)
    input.addEventListener("input", () => {
      const said = message(input.value)
      const best = new Map()
      compare(said).forEach(({ like }, i) => {
        const { item } = listed[i]
        if (like > Math.max(0.4, best.get(item) || 0)) best.set(item, like)
      })
      const found = [...best].sort((a, b) => b[1] - a[1]).slice(0, 3)
      status.textContent = words(said).size < 2 ? "" : found.length ? "The most like:" : "Nothing like it is listed. Try the search box, or a symptom."
      list.replaceChildren(...found.map(([item]) => {
        const line = document.createElement("li")
        line.append(item.firstElementChild.cloneNode(true))
        return line
      }))
    })
  })

  // The theme listens to keys: what is pasted by mouse would wait for one. Of a traceback the
  // search finds the message itself (tools/search_rank.js).
  const query = document.querySelector(".md-search__input")
  query?.addEventListener("paste", () => setTimeout(() => query.dispatchEvent(new Event("keyup"))))
})()
