import assert from 'node:assert/strict'
import { madeUpDocuments } from '@hypershard/harness/cluster'
import type { Page } from 'playwright-core'
import type { SharedConsole } from './shared-console.ts'

const script = '<img src=x onerror="document.title=\'pwned\'"><script>document.title="pwned"</script>'

/** Documents whose texts try what a page may fall for. */
const hostile = [
  { id: script, title: script, text: `${script} and more`, note: script },
  { id: 'rtl', title: '\u202egpj.exe', text: 'שלום עולם, זה טקסט', note: 'right to left' },
  { id: 'control', title: 'a\u0000b\u001b[31mc', text: 'null\u0000 and escape\u001b', note: '\u0007' },
  { id: 'long', title: 'x'.repeat(300_000), text: 'w'.repeat(600_000), note: 'n'.repeat(500) },
]

/** The search lab. */
export function labTests(shared: SharedConsole): void {
  describe('the search lab', () => {
    before(async () => {
      const { cluster } = shared
      const fields = { number: { type: 'number' }, tenant: { type: 'keyword' } }
      for (const name of ['lab', 'hostile']) {
        const made = await cluster.request('POST', '/v1/indexes', { name, shards: 2, fields })
        assert.equal(made.status, 201)
      }
      const documents = madeUpDocuments(1_100).map(one => ({ ...one, tenant: one.number % 2 === 0 ? 'ada' : 'bob' }))
      for (const [index, given] of [['lab', documents] as const, ['hostile', hostile] as const]) {
        const put = await cluster.put(index, given)
        assert.deepEqual([put.status, put.body.failed], [200, 0])
      }
    })

    const hits = (page: Page) => page.getByRole('list', { name: 'Hits' }).getByRole('button')

    it('searches, and its link leads to the same again', async () => {
      const page = await shared.open('#/lab')
      await page.getByLabel('Index or alias').fill('lab')
      await page.getByLabel('Query').fill('bake dice')
      await page.getByLabel('Hits (k)').fill('5')
      await page.getByLabel('Query').press('Enter')
      await hits(page).nth(4).waitFor()
      assert.equal(await hits(page).count(), 5)
      const { body } = await shared.cluster.search('lab', 'bake dice', { k: 5 })
      const first = await hits(page).first().textContent()
      assert(first?.includes(body.hits[0]!.id), first ?? '')
      const link = page.url()
      assert.match(link, /#\/lab\?index=lab&query=bake\+dice&k=5$/)
      const other = await shared.open(link.slice(link.indexOf('#')))
      await hits(other).nth(4).waitFor()
      assert.equal(await hits(other).first().textContent(), first)
      await other.getByRole('heading', { name: 'Where the time went' }).scrollIntoViewIfNeeded()
      await other.getByRole('list', { name: 'Time of each shard' }).getByText('shard 1').waitFor()
    })
  })
}
