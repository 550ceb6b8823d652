import assert from 'node:assert/strict'
import { analyzeText, termCharactersMax } from './analyze-text.ts'

describe('analyzing a text', () => {
  const cases = [
    ['english', 'Stars twinkle, a STAR twinkled', ['star', 'twinkl', 'a', 'star', 'twinkl']],
    ['simple', 'Stars twinkle', ['stars', 'twinkle']],
    ['simple', 'Café über', ['cafe', 'uber']],
    ['simple', 'Ｆｕｌｌ-width x²', ['full', 'width', 'x2']],
    ['german', 'Häuser und ein Haus', ['haus', 'und', 'ein', 'haus']],
    ['french', "L'avion", ['l', 'avion']],
    ['simple', '東京タワー 1958', ['東', '京', 'タ', 'ワ', 'ー', '1958']],
    ['english', ' …! ', []],
    ['simple', `${'x'.repeat(200)} y`, ['x'.repeat(termCharactersMax), 'y']],
  ] as const
  for (const [analyzer, text, terms] of cases) {
    it(`takes ${JSON.stringify(text.slice(0, 40))} apart, ${analyzer}`, () => {
      assert.deepEqual(analyzeText(text, analyzer), terms)
    })
  }

  it('gives a word the same term when it comes again', () => {
    assert.deepEqual(analyzeText('running', 'english'), analyzeText('Running', 'english'))
    assert.notDeepEqual(analyzeText('running', 'english'), analyzeText('running', 'simple'))
  })
})
