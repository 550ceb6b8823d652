import assert from 'node:assert/strict'
import { anchorsOf, proseLinesOf, repositoryPathsIn, sentencesIn } from './markdown.ts'

describe('markdown', () => {
  const cases: readonly { readonly what: string; readonly sentences: readonly string[] }[] = [
    { what: 'full stops', sentences: ['One.', 'Two!', 'Three?', 'Four.'] },
    {
      what: 'what begins in code, in quotes or with a digit',
      sentences: ['It is so.', '`k` is 10.', '"So" it is.', '8.8 million.'],
    },
    { what: 'names that begin small', sentences: ['It is fast.', 'onnxruntime computes.'] },
    { what: 'a question within a sentence', sentences: ['Whether (or not? it depends) is open.'] },
    { what: 'stops within code and links', sentences: ['See `a. B` and [c. D](e. F).', 'Then go on.'] },
    { what: 'abbreviations and initials', sentences: ['Others, e.g. R. A. Fisher, cf. Smucker et al. 2007, agree.'] },
    { what: 'bold words that open a paragraph', sentences: ['- **Names.** Any.', 'Each is free.'] },
    { what: 'a stop within brackets', sentences: ['(It is so.)', 'Then more.'] },
  ]
  for (const { what, sentences } of cases) {
    it(`cuts sentences at the right places: ${what}`, () =>
      assert.deepEqual(sentencesIn(sentences.join(' ')), sentences))
  }

  it('takes no code, no tables and no headings for prose', () => {
    const page = ['# Title. Two.', 'Prose.', '```sh', 'code', '```', '| a | b |', '  ~~~', 'code', '  ~~~', '- item']
    assert.deepEqual(proseLinesOf(page.join('\n')), [
      { line: 2, text: 'Prose.' },
      { line: 10, text: '- item' },
    ])
  })

  it('names headings as links do', () => {
    const page = '# The `gc` command, & more\n```\n# code\n```\n## [scale-8.8m.json](x.md)\n### of 2_000'
    assert.deepEqual([...anchorsOf(page)], ['the-gc-command--more', 'scale-88mjson', 'of-2_000'])
  })

  it('finds paths of the repository in code spans, in tables too', () => {
    const page =
      'See `cli/src/` and `node bench/a.ts --x`.\n| `proto/b` | `other/c`, `cli`, `cli/<n>` |\n```\n`cli/d`\n```'
    assert.deepEqual(repositoryPathsIn(page, ['bench', 'cli', 'proto']), ['cli/src', 'bench/a.ts', 'proto/b'])
  })
})
