// What the demo prints. A test types every line that begins with `$`.

/** Lines for people; `port` and `adminPort` are those of the running gateway. */
export function whatToTry(port: number, adminPort: number): readonly string[] {
  const url = `http://127.0.0.1:${port}`
  const admin = adminPort === 9990 ? '' : ` --admin http://127.0.0.1:${adminPort}`
  return [
    '',
    `Fairlead serves on ${url}, its admin page is http://127.0.0.1:${adminPort}/`,
    '',
    'Simon says a word. He calls words and capitalizer through the gateway; one word in ten comes from the canary:',
    `  $ curl -H 'Host: simon.local' ${url}/say`,
    `  $ for i in 1 2 3 4 5 6 7 8 9 10; do curl -s -H 'Host: simon.local' ${url}/say; done`,
    'Testers always get the canary, and simon passes their header on:',
    `  $ curl -H 'Host: simon.local' -H 'x-user: tester-1' ${url}/say`,
    'A redirect, an answer of the gateway itself, and a request without a route:',
    `  $ curl -i -H 'Host: says.local' ${url}/say`,
    `  $ curl ${url}/hello`,
    `  $ curl -i -H 'Host: nobody.local' ${url}/`,
    'Why did that request go there? Ask the running gateway:',
    `  $ npm run -s fairlead -- explain GET http://words.local/word -H 'x-user: tester-1'${admin}`,
    'Its routes and endpoints with their counts, origin and age:',
    `  $ npm run -s fairlead -- routes${admin}`,
    `  $ npm run -s fairlead -- endpoints words${admin}`,
    'Edit examples/demo/fairlead.yaml (the weights, say) and save it: the gateway takes it at once.',
    'Ctrl-C stops everything.',
    '',
  ]
}
