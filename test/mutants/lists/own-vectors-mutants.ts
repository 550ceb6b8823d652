import type { Mutant } from '../mutant.ts'

const api = ['coordinator/src/transport/own-vectors.test.ts']
const lines = ['coordinator/src/writing/check-document.test.ts']
const queries = ['coordinator/src/vectors/own-query.test.ts']
const bytes = ['common/src/formats/float-values.test.ts']
const reading = ['coordinator/src/vectors/read-vector.test.ts']

export const ownVectorsMutants: readonly Mutant[] = [
  {
    id: 'own-vector-of-another-model',
    file: 'coordinator/src/writing/take-vector.ts',
    find: 'if (named !== undefined && named.model !== rule.model) {',
    replace: 'if (false) {',
    breaks: 'A vector that another model made is refused',
    tests: lines,
  },
  {
    id: 'own-vector-field-taken',
    file: 'coordinator/src/writing/take-vector.ts',
    find: 'if (!rule.external && named === undefined) return',
    replace: 'if (!rule.external && given === undefined) return',
    breaks: 'A plain field called vector stays one where the index has a model',
    tests: lines,
  },
  {
    id: 'own-vector-half-base64',
    file: 'common/src/formats/float-values.ts',
    find: 'return bytes.length === Math.floor((characters * 3) / 4) ? bytes : undefined',
    replace: 'return bytes',
    breaks: 'Base64 with a character that is none is refused',
    tests: bytes,
  },
  {
    id: 'own-vector-not-finite',
    file: 'coordinator/src/vectors/read-vector.ts',
    find: 'return bad < 0 ? read',
    replace: 'return bad < 9 ? read',
    breaks: 'A vector with a value that is not finite is refused',
    tests: reading,
  },
  {
    id: 'own-qnet-digest',
    file: 'coordinator/src/vectors/own-query.ts',
    find: 'if (digest !== found) throw',
    replace: 'if (digest === undefined) throw',
    breaks: 'A q-net that was altered on the way is refused',
    tests: queries,
  },
  {
    id: 'own-qnet-bounds-nothing-else',
    file: 'coordinator/src/transport/http/parse-json-body.ts',
    find: 'if (rest <= requestBytesMax) return',
    replace: 'if (rest >= 0) return',
    breaks: 'Only a q-net makes the body of a search longer than others',
    tests: ['coordinator/src/transport/http/bad-input.test.ts'],
  },
  {
    id: 'own-qnet-model',
    file: 'coordinator/src/vectors/own-query.ts',
    find: 'if (model === modelDigest || (model === undefined && !ofModel)) return',
    replace: 'if (model === modelDigest || model === undefined) return',
    breaks: 'A q-net for an index with a model says of which model it is',
    tests: queries,
  },
  {
    id: 'own-query-cursor',
    file: 'coordinator/src/search/search.ts',
    find: 'query: input.own?.name ?? input.query,',
    replace: 'query: input.query,',
    breaks: 'A cursor belongs to the vector that it was given for',
    tests: api,
  },
  {
    id: 'own-vector-read-unasked',
    file: 'coordinator/src/writing/find-documents.ts',
    find: 'if (!withVectors) return read',
    replace: 'if (withVectors) return read',
    breaks: 'A document is given with its vector where that is asked for, and there alone',
    tests: api,
  },
  {
    id: 'own-vector-encoded',
    file: 'indexer/src/encoding/encode-pace.ts',
    find: 'return vector?.model === modelDigest',
    replace: 'return false',
    breaks: 'A document that came with a vector is not encoded',
    tests: api,
  },
  {
    id: 'own-vector-lost-by-reindex',
    file: 'indexer/src/backfill/backfill-slice.ts',
    find: 'const withVectors = externalArchitecture(generation.model) !== undefined',
    replace: 'const withVectors = false',
    breaks: 'An index whose vectors come from outside keeps them when it is built anew',
    tests: api,
  },
  {
    id: 'own-vector-of-another-row',
    file: 'storage/src/manifest/backfill/slices.ts',
    find: 'values: vectorOf(rows[at]!)',
    replace: 'values: vectorOf(from + at)',
    breaks: 'A document that is copied keeps its vector, also behind rows that are deleted',
    tests: ['storage/src/manifest/backfill/slices.test.ts'],
  },
  {
    id: 'own-vector-width-in-log',
    file: 'storage/src/log/own-vector.ts',
    find: "values instanceof Float16Array ? 'f16' : 'f32'",
    replace: "'f32'",
    breaks: 'A vector comes out of the write log in the width that it came in',
    tests: ['storage/src/log/own-vector.test.ts'],
  },
  {
    id: 'external-by-name-alone',
    file: 'storage/src/catalog/generation/external-model.ts',
    find: "hash('sha256', name, 'hex') !== digest",
    replace: 'digest === undefined',
    breaks: 'A model is not taken for one that stands for none because of its name',
    tests: ['storage/src/log/own-vector.test.ts'],
  },
]
