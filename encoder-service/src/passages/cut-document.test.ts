import assert from 'node:assert/strict'
import { fromCodePoints } from '@hypershard/common'
import { loadModelDirectory } from '@hypershard/qnet'
import { joinDocument } from '../encoding/join-document.ts'
import { openTokenizer, type TextTokenizer } from '../encoding/tokenizer.ts'
import { minilmPath } from '../testing/minilm-reference.ts'
import { cutDocument, type DocumentToCut } from './cut-document.ts'

const tokensMax = 24

describe('cutting a document into passages', () => {
  let tokenizer: TextTokenizer
  before(async () => {
    tokenizer = openTokenizer(await loadModelDirectory(minilmPath), 'document')
  })

  const cut = (document: DocumentToCut, overlap = 0) => cutDocument(document, { tokenizer, tokensMax, overlap })
  /** What is encoded of each passage. */
  const textsOf = (document: DocumentToCut, overlap = 0) => {
    const { begins, ends, titleApart } = cut(document, overlap)
    return begins.map((begin, at) => {
      const text = document.text.slice(...fromCodePoints(document.text, [begin, ends[at]!]))
      const title = titleApart && at > 0 ? '' : document.title
      return joinDocument({ title, text })
    })
  }
  const isTruncated = (text: string) => tokenizer.tokenize(text, tokensMax).truncated
  const sentence = 'Stars twinkle because the 🦊 air moves, 婚礼.'
  const long = { title: 'Why stars twinkle', text: Array.from({ length: 9 }, () => sentence).join(' ') }

  it('leaves one that the model reads whole', () => {
    assert.deepEqual(cut({ title: 'Stars', text: sentence }), {
      begins: [0],
      ends: [[...sentence].length],
      titleApart: false,
      cutOff: false,
    })
    assert.deepEqual(cut({ title: 'Stars', text: '' }).ends, [0])
  })

  it('gives passages that the model reads whole after the title, in code points', () => {
    const texts = textsOf(long)
    assert.equal(texts.length, 9)
    assert.deepEqual(
      texts.filter(text => isTruncated(text) || !text.endsWith('.') || !text.startsWith('Why stars twinkle Stars')),
      [],
    )
  })

  it('leaves room for what the model puts before every passage', async () => {
    const directory = await loadModelDirectory(minilmPath)
    const settings = { ...directory.settings.tokenizer, documentPrefix: 'passage of a page: ' }
    const prefixed = openTokenizer(
      { ...directory, settings: { ...directory.settings, tokenizer: settings } },
      'document',
    )
    const { begins, ends } = cutDocument(long, { tokenizer: prefixed, tokensMax, overlap: 0 })
    const texts = begins.map((begin, at) =>
      joinDocument({
        title: long.title,
        text: long.text.slice(...fromCodePoints(long.text, [begin, ends[at]!])),
      }),
    )
    assert.ok(texts.length > 1)
    assert.deepEqual(
      texts.filter(text => prefixed.tokenize(text, tokensMax).truncated),
      [],
    )
  })

  it('puts a title that takes more than half into a passage of its own', () => {
    const title = 'twinkle '.repeat(16).trim()
    const texts = textsOf({ ...long, title })
    assert.deepEqual([texts[0], texts[1]], [title, `${sentence} ${sentence}`])
    assert.deepEqual(texts.filter(isTruncated), [])
  })

  it('cuts a text without a title, and one without white space', () => {
    assert.deepEqual(textsOf({ title: '', text: '漢'.repeat(60) }).filter(isTruncated), [])
    assert.equal(textsOf({ title: '', text: '漢'.repeat(60) }).join(''), '漢'.repeat(60))
  })

  it('repeats the end of a passage where there is an overlap', () => {
    const text = 'One two. Three four. Five six. Seven eight. Nine ten. Eleven twelve. Thirteen fourteen. Fifteen.'
    const [first, second] = textsOf({ title: '', text }, 0.2)
    assert.equal(first!.split('. ').at(-1), `${second!.split('. ')[0]}.`)
  })
})
