import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { curlOf, pythonOf, type SnippetParts, typescriptOf } from './snippets.ts'

const parts: SnippetParts = {
  url: 'https://search.example.com/api/',
  index: 'papers',
  request: {
    query: `it's "so" $HOME \`id\` \\ why?\n`,
    k: 3,
    filter: {
      must: [
        { field: 'year', gte: 9007199254740993n },
        { field: 'open', equals: true },
      ],
    },
    facets: [{ field: 'year', limit: 3 }],
    sort: [{ field: 'year', order: 'desc' }],
    hybrid: {},
    profile: true,
  },
  keyNeeded: true,
}

describe('a search as code to copy', () => {
  it('is one command of a shell, whatever the query has in it', () => {
    const echo = `curl() { for word in "$@"; do printf '%s\\0' "$word"; done; }\n`
    const environment = { HYPERSHARD_API_KEY: 'hs_secret' }
    const shown = execFileSync('sh', ['-c', echo + curlOf(parts)], { encoding: 'utf8', env: environment })
    const [, url, , authorization, , type, , body] = shown.split('\0')
    assert.equal(url, 'https://search.example.com/api/v1/indexes/papers/search')
    assert.deepEqual([authorization, type], ['Authorization: Bearer hs_secret', 'Content-Type: application/json'])
    assert.equal(JSON.parse(body!).query, parts.request.query)
    assert.match(body!, /"gte":9007199254740993\}/)
  })

  const { facets, sort, query } = parts.request
  const expected = { query, hybrid: {}, profile: true, facets, sort }

  it('is Python that means the same', function () {
    const program = [
      'import json, sys, types',
      'module = types.ModuleType("hypershard")',
      'class Client:',
      '    def __init__(self, url, api_key): self.made = [url, api_key]',
      '    def search(self, index, **request):',
      '        print(json.dumps([*self.made, index, request]))',
      '        return types.SimpleNamespace(hits=[], facets=[])',
      'module.Client = Client',
      'sys.modules["hypershard"] = module',
      pythonOf(parts),
    ].join('\n')
    const { error, status, stdout, stderr } = spawnSync('python3', ['-c', program], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HYPERSHARD_API_KEY: 'hs_secret' },
    })
    if (error !== undefined) this.skip()
    assert.equal(status, 0, stderr)
    const [url, key, index, request] = JSON.parse(stdout)
    assert.deepEqual([url, key, index], [parts.url, 'hs_secret', 'papers'])
    const { query, hybrid, profile, facets, sort } = request
    assert.deepEqual({ query, hybrid, profile, facets, sort }, expected)
    assert.match(stdout, /"gte": 9007199254740993\}/)
  })

  it('is TypeScript', () => {
    const code = typescriptOf({ ...parts, keyNeeded: false, request: { query: 'moon', k: 3 } })
    assert.equal(
      code,
      [
        `import { HypershardClient } from '@hypershard/client'`,
        '',
        'const client = new HypershardClient({ url: "https://search.example.com/api/" })',
        'const answer = await client.search("papers", {\n  "query": "moon",\n  "k": 3\n})',
        'for (const { id, score } of answer.hits) console.log(score, id)',
      ].join('\n'),
    )
  })

  it('prints groups where it asks for groups, and the values that it has counted', () => {
    const request = { query: 'moon', group_by: { field: 'venue' }, facets: [{ field: 'year' }] }
    for (const code of [pythonOf({ ...parts, request }), typescriptOf({ ...parts, request })]) {
      assert.match(code, /answer\.groups/)
      assert.match(code, /answer\.facets/)
      assert.doesNotMatch(code, /answer\.hits/)
    }
  })

  it('never has a key in it', () => {
    for (const code of [curlOf(parts), pythonOf(parts), typescriptOf(parts)]) {
      assert.match(code, /HYPERSHARD_API_KEY/)
      assert.doesNotMatch(code, /hs_/)
    }
  })
})
