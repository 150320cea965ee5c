// The admin page: one document without anything from elsewhere. It shows what the JSON endpoints say.
import { createHash } from 'node:crypto'
import { PAGE_SCRIPT } from './page-script.ts'
import { PAGE_STYLE } from './page-style.ts'

export const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Fairlead</title>
<link rel="icon" href="data:,">
<style>${PAGE_STYLE}</style>
</head>
<body>
<header>
  <h1>Fairlead</h1> <span id="version" class="quiet"></span>
  <span id="revision" class="mono"></span>
  <span id="state" class="dot quiet">asking…</span>
</header>
<main>
  <div class="tiles">
    <div class="tile"><b id="rate">–</b><span>requests a second</span></div>
    <div class="tile"><b id="active">–</b><span>requests under way</span></div>
    <div class="tile"><b id="tunnels">–</b><span>upgraded connections</span></div>
    <div class="tile"><b id="clients">–</b><span>client connections</span></div>
    <div class="tile"><b id="upstreams">–</b><span>endpoint connections</span></div>
    <div class="tile"><b id="reused">–</b><span>sent on a reused one</span></div>
  </div>
  <div id="store-alert" class="sheet alert" hidden></div>
  <div id="rejected" class="sheet alert" hidden></div>
  <div id="refused-alert" class="sheet alert" hidden></div>
  <h2>Routes <small id="routes-note"></small></h2>
  <div id="routes" class="sheet"></div>
  <h2>Services</h2>
  <div id="services" class="sheet"></div>
  <h2>Endpoints <small id="endpoints-note"></small></h2>
  <div id="endpoints" class="sheet"></div>
  <h2>Registries <small id="watches-note"></small></h2>
  <div id="watches" class="sheet"></div>
  <section id="tags" hidden>
    <h2>Routes from tags <small>the registries they come from</small></h2>
    <div id="catalogs" class="sheet"></div>
    <h2 id="refused-head">Refused tags <small id="refused-note"></small></h2>
    <div id="refused" class="sheet"></div>
  </section>
  <h2>Explain <small>what would happen to this request, and why</small></h2>
  <div class="sheet">
    <form id="explain">
      <label>Method<input name="method" value="GET" required></label>
      <label>URL<input name="url" placeholder="http://words.example.com/one" required></label>
      <label>Headers, separated by ;<input name="headers" placeholder="x-user: tester-1"></label>
      <label>From (address or caller)<input name="from" placeholder="127.0.0.1"></label>
      <button>Explain</button>
    </form>
    <div id="answer"></div>
  </div>
  <h2>Revisions <small>newest first</small></h2>
  <div id="revisions" class="sheet"></div>
  <p class="quiet">The same as JSON: <a href="/api/routes">routes</a>, <a href="/api/services">services</a>, <a href="/api/endpoints">endpoints</a>, <a href="/api/watches">registries</a>,
  <a href="/api/revisions">revisions</a>, <a href="/api/health">health</a>, <a href="/api/ready">ready</a>; for Prometheus: <a href="/metrics">metrics</a>.</p>
</main>
<script>${PAGE_SCRIPT}</script>
</body>
</html>
`

/** Content-Security-Policy of the page: its own style and script by their hashes, requests to its own server, nothing else. */
export const PAGE_POLICY = `default-src 'none'; style-src ${hashOf(PAGE_STYLE)}; script-src ${hashOf(PAGE_SCRIPT)}; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}
