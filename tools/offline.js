// A page that is opened as a file may not start a worker from a file, but from a text. Of
// the search's worker and what it imports, tools/offline.py puts the texts above.
{
  const address = text => "data:text/javascript," + encodeURIComponent(text)

  // Runs in the worker, before its own text.
  const prepare = imported => {
    const load = importScripts
    importScripts = (...names) => load(...names.map(name => imported[name]))
    // The whole index comes with the theme's first message.
    let index
    addEventListener("message", ({ data: message }) => { index ??= message.data })
    fetch = async () => ({ json: async () => index })
  }

  const Native = Worker
  Worker = function () {
    const { worker, ...imported } = texts
    for (const name in imported) imported[name] = address(imported[name])
    const before = `(${prepare})(${JSON.stringify(imported)})\nconst location = "file:///"\n`
    return new Native(address(before + worker))
  }
}
