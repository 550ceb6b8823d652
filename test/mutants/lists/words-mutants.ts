import type { Mutant } from '../mutant.ts'

export const wordsMutants: readonly Mutant[] = [
  {
    id: 'words-row-gap',
    file: 'storage/src/segment/lexical/lexical-encoder.ts',
    find: 'own.postings.pushNumber(row - own.lastRow)',
    replace: 'own.postings.pushNumber(row)',
    breaks: 'A word is found in the rows that have it',
    tests: ['storage/src/segment/lexical/lexical-index.test.ts'],
  },
  {
    id: 'words-stepped-over',
    file: 'storage/src/segment/lexical/lexical-index.ts',
    find: 'this.#unread += this.frequency',
    replace: 'this.#unread = 0',
    breaks: 'A place is told also where those of rows before were not asked for',
    tests: ['storage/src/segment/lexical/lexical-index.test.ts'],
  },
  {
    id: 'words-verified',
    file: 'storage/src/manifest/verify/verify-generation.ts',
    find: 'if (manifest.lexical !== undefined) await',
    replace: 'if (manifest.lexical === null) await',
    breaks: 'Damage of a word file is named',
    tests: ['storage/src/segment/lexical/lexical-file.test.ts'],
  },
  {
    id: 'words-of-the-deleted',
    file: 'shard-server/src/words/score-words.ts',
    find: 'if (!hasBit(excluded, row)) count++',
    replace: 'count++',
    breaks: 'Statistics do not depend on when deleted documents are merged away',
    tests: ['shard-server/src/words/score-words.test.ts'],
  },
  {
    id: 'words-ties',
    file: 'shard-server/src/words/rank-by-words.ts',
    find: 'score === 0 || score < scoreMin ||',
    replace: 'score === 0 || score <= scoreMin ||',
    breaks: 'Of documents with one score those with the first ids are found, wherever they lie',
    tests: ['shard-server/src/words/rank-by-words.test.ts'],
  },
]
