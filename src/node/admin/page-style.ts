// The look of the admin page, light and dark as the reader's system says.

export const PAGE_STYLE = String.raw`
:root {
  color-scheme: light dark;
  --ground: light-dark(#f6f7f9, #14171c);
  --sheet: light-dark(#ffffff, #1c2027);
  --ink: light-dark(#1b2330, #e3e7ee);
  --quiet: light-dark(#5c6675, #98a2b3);
  --line: light-dark(#dfe3e9, #2d333d);
  --accent: light-dark(#0b5cad, #7db4f0);
  --good: light-dark(#1a7a43, #63c98d);
  --warn: light-dark(#8a5a00, #e5b454);
  --bad: light-dark(#b3261e, #f2857d);
}
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--ink); font: 14px/1.45 system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif }
header { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; align-items: baseline; padding: .9rem 1.5rem; background: var(--sheet); border-bottom: 1px solid var(--line) }
h1 { font-size: 1.15rem; margin: 0; letter-spacing: .01em }
h2 { font-size: 1rem; margin: 1.8rem 0 .5rem; display: flex; gap: .6rem; align-items: baseline }
h2 small, .quiet { color: var(--quiet); font-weight: 400; font-size: .86rem }
main { padding: 0 1.5rem 3rem; max-width: 100rem; margin: 0 auto }
code, .mono { font: .86rem/1.45 ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace }
a { color: var(--accent) }
#state { margin-left: auto }
.dot::before { content: ''; display: inline-block; width: .55em; height: .55em; border-radius: 50%; background: currentColor; margin-right: .4em }
.good { color: var(--good) } .warn { color: var(--warn) } .bad { color: var(--bad) }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .7rem; margin-top: 1.2rem }
.tile { background: var(--sheet); border: 1px solid var(--line); border-radius: .5rem; padding: .6rem .85rem }
.tile b { display: block; font-size: 1.45rem; font-weight: 600; font-variant-numeric: tabular-nums }
.tile span { color: var(--quiet); font-size: .86rem }
.sheet { background: var(--sheet); border: 1px solid var(--line); border-radius: .5rem; overflow-x: auto }
table { border-collapse: collapse; width: 100% }
th { text-align: left; font-weight: 500; color: var(--quiet); font-size: .82rem; white-space: nowrap }
th, td { padding: .42rem .85rem; vertical-align: top; border-bottom: 1px solid var(--line) }
tbody tr:last-child td { border-bottom: 0 }
td.num, th.num { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
td.tight { white-space: nowrap }
td.wide { min-width: 16rem }
td > div + div { margin-top: .15rem }
tr:has(+ tr.more) td:not([rowspan]), tbody tr:not(:has(~ tr:not(.more))) td { border-bottom: 0 }
tr.first td { border-top: 2px solid var(--line) }
tbody tr:first-child.first td { border-top: 0 }
td.owner { min-width: 10rem; max-width: 22rem; overflow-wrap: anywhere }
td.tag, td.reason { width: 34%; min-width: 16rem; overflow-wrap: anywhere }
.long { max-height: 10.2rem; overflow-y: auto; white-space: pre-wrap }
.empty { padding: .8rem .85rem; color: var(--quiet) }
td.mono, .alert, #revision, #state { overflow-wrap: anywhere }
td.mono:not(.tight) { min-width: 8rem }
.alert { border-left: 3px solid var(--bad); padding: .7rem .85rem; margin-top: 1.2rem }
.alert ul { margin: .3rem 0 0; padding-left: 1.2rem }
form { display: grid; grid-template-columns: 7rem minmax(12rem, 2fr) minmax(10rem, 1fr) minmax(8rem, .7fr) auto; gap: .6rem; padding: .85rem }
label { display: grid; gap: .2rem; color: var(--quiet); font-size: .82rem }
input, button { font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--line); border-radius: .35rem; padding: .38rem .55rem; min-width: 0; width: 100% }
button { align-self: end; width: auto; padding-inline: 1.1rem; background: var(--accent); border-color: var(--accent); color: light-dark(#fff, #10151c); cursor: pointer }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px }
#answer:not(:empty) { border-top: 1px solid var(--line) }
#answer h3 { font-size: .9rem; margin: .9rem .85rem .3rem }
#answer p { margin: .8rem .85rem }
#answer > div { overflow-x: auto }
@media (max-width: 60rem) { form { grid-template-columns: 1fr 1fr } main, header { padding-inline: .8rem } }
@media (max-width: 45rem) {
  .stack thead { display: none }
  .stack tr { display: block; padding: .4rem 0; border-bottom: 1px solid var(--line) }
  .stack tbody tr:last-child { border-bottom: 0 }
  .stack td { display: grid; grid-template-columns: 7rem minmax(0, 1fr); width: auto; min-width: 0; max-width: none; padding-block: .15rem; border: 0; text-align: left; white-space: normal }
  .stack td::before { content: attr(data-column); grid-row: 1 / span 9; color: var(--quiet); font: .82rem/1.6 system-ui, sans-serif }
  .stack td > * { grid-column: 2 }
}
`
