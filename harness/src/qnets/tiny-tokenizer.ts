const letters = [...'abcdefghijklmnopqrstuvwxyz0123456789']

/**
 * A WordPiece `tokenizer.json` in the layout of BERT's: [CLS] and [SEP] around a text, lower-casing, accents stripped.
 * Words come apart into pairs of letters, so that different words are different tokens with a vocabulary of 2,700.
 */
export function tinyTokenizer(): { json: string; vocabularySize: number; idOf: (token: string) => number } {
  const pairs = letters.flatMap(first => letters.map(second => first + second))
  const pieces = [...letters, ...pairs]
  const punctuation = [...'.,;:!?-()"\'']
  const vocabulary = [...specialTokens, ...punctuation, ...pieces, ...pieces.map(piece => `##${piece}`)]
  const idOf = (token: string) => vocabulary.indexOf(token)
  return { json: JSON.stringify(tokenizerJson(vocabulary)), vocabularySize: vocabulary.length, idOf }
}

const specialTokens = ['[PAD]', '[UNK]', '[CLS]', '[SEP]']

const addedTokenFlags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }

function tokenizerJson(vocabulary: readonly string[]): object {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specialTokens.map((content, id) => ({ id, content, ...addedTokenFlags })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [special('[CLS]'), { Sequence: { id: 'A', type_id: 0 } }, special('[SEP]')],
      pair: [
        special('[CLS]'),
        { Sequence: { id: 'A', type_id: 0 } },
        special('[SEP]'),
        { Sequence: { id: 'B', type_id: 1 } },
        special('[SEP]', 1),
      ],
      special_tokens: Object.fromEntries(['[CLS]', '[SEP]'].map(token => [token, specialFacts(token)])),
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
    },
  }
}

function special(id: string, type = 0): object {
  return { SpecialToken: { id, type_id: type } }
}

function specialFacts(token: string): object {
  return { id: token, ids: [specialTokens.indexOf(token)], tokens: [token] }
}
