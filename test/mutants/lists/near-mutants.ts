import type { Mutant } from '../mutant.ts'

const like = ['coordinator/src/search/near/search-like.test.ts']
const tenants = ['test/security/tenants.test.ts']
const api = ['coordinator/src/transport/near.test.ts']
const finding = ['shard-server/src/passages.test.ts']

export const nearMutants: readonly Mutant[] = [
  {
    id: 'like-itself-is-a-hit',
    file: 'coordinator/src/search/near/like.ts',
    find: 'return like === undefined ? hits : hits.filter(({ id }) => id !== like.id)',
    replace: 'return hits',
    breaks: 'The document that hits are like is none of them',
    tests: like,
  },
  {
    id: 'like-no-place-for-itself',
    file: 'coordinator/src/search/near/like.ts',
    find: 'return like === undefined ? 0 : 1',
    replace: 'return 0',
    breaks: 'A page of what is like a document is as long as any, and knows whether there is more',
    tests: like,
  },
  {
    id: 'like-of-another-tenant',
    file: 'coordinator/src/search/near/search-like.ts',
    find: 'if (found?.document === undefined || !isWithin(found.document, like, pinned))',
    replace: 'if (found?.document === undefined)',
    breaks: 'A tenant learns nothing of what is like another tenant’s document',
    tests: [...like, ...tenants],
  },
  {
    id: 'like-tenant-not-told',
    file: 'coordinator/src/access/search-as.ts',
    find: 'const like = input.like && { ...input.like, within: own.filter }',
    replace: 'const like = input.like',
    breaks: 'A tenant learns nothing of what is like another tenant’s document',
    tests: tenants,
  },
  {
    id: 'like-cursor-of-any-document',
    file: 'coordinator/src/search/near/like.ts',
    find: "update('like').update(id)",
    replace: "update('like')",
    breaks: 'A cursor of what is like a document goes on for no other',
    tests: like,
  },
  {
    id: 'like-first-server-alone',
    file: 'coordinator/src/search/near/find-document.ts',
    find: 'if (isLast || isFinal(error)) throw error',
    replace: 'throw error',
    breaks: 'Where one holder cannot give the document another is asked',
    tests: like,
  },
  {
    id: 'like-vector-for-any-scorer',
    file: 'coordinator/src/search/near/search-like.ts',
    find: 'const withVector = widths?.length === 2',
    replace: 'const withVector = true',
    breaks: 'A vector is the query only where the scorer is an inner product',
    tests: [...like, ...api],
  },
  {
    id: 'found-vector-of-several-passages',
    file: 'shard-server/src/search/find-document.ts',
    find: 'const isWhole = passages === undefined || passages.starts[row + 1]! - first === 1',
    replace: 'const isWhole = true',
    breaks: 'The first passage’s vector does not stand for a document of several',
    tests: finding,
  },
  {
    id: 'found-ids-by-length',
    file: 'shard-server/src/filtering/select-ids.ts',
    find: 'id.compare(bytes, begin, end) === 0',
    replace: 'id.length === end - begin',
    breaks: 'Only documents with the ids that are asked for are found',
    tests: ['shard-server/src/filtering/row-filter.test.ts'],
  },
]
