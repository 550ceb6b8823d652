import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import type { SharedConsole } from './shared-console.ts'

export const mapRoute = `#/map?${new URLSearchParams({ index: 'judged', query: 'bake dice', k: '20' })}`

export async function waitForMap(page: Page): Promise<void> {
  await page.getByRole('heading', { name: '20 documents' }).waitFor()
}

/** The map of hits; of the index that the evaluation has made. */
export function mapTests(shared: SharedConsole): void {
  describe('what the q-net sees', () => {
    it('places the hits by their vectors, ranked by the q-net and by one vector, and has them as a table', async () => {
      const page = await shared.open(mapRoute, { key: 'read' })
      await waitForMap(page)
      const asked = { k: 20, plan: 'tangent', candidates: 20, profile: true }
      const { body } = await shared.cluster.search('judged', 'bake dice', asked)
      const hits = body.hits as readonly { readonly id: string; readonly title: string; readonly estimate: number }[]
      const byTangent = [...hits].sort((a, b) => b.estimate - a.estimate)
      const rows = page.getByRole('region', { name: 'Documents of the map' }).getByRole('row')
      const cells = await Promise.all((await rows.all()).slice(1).map(row => row.getByRole('cell').allTextContents()))
      assert.deepEqual(
        cells.map(([rank, estimateRank]) => [Number(rank), Number(estimateRank)]),
        hits.map((hit, at) => [at + 1, byTangent.indexOf(hit) + 1]),
      )
      assert.equal(await page.getByRole('listbox').count(), 2)
      const shared10 = hits.slice(0, 10).filter(hit => byTangent.indexOf(hit) < 10).length
      await page.getByText(`Of the best 10 by the q-net, ${shared10 === 10 ? 'all' : shared10} are among`).waitFor()

      await page.getByLabel('Query').fill('bake dice\nfoga hake')
      await page.getByRole('button', { name: 'Draw' }).click()
      await page.getByRole('heading', { name: 'By one vector: the mean of the meanings' }).waitFor()
      const marks = page.getByRole('listitem')
      assert.deepEqual(await marks.allTextContents(), ['bake dice', 'foga hake'])
      const any = { query: { any: ['bake dice', 'foga hake'] }, k: 20, plan: 'exact' }
      const composed = await shared.cluster.request<{ hits: readonly { readonly id: string }[] }>(
        'POST',
        '/v1/indexes/judged/search',
        any,
      )
      const first = await page.getByRole('option', { name: / rank 1, score / }).getAttribute('aria-label')
      assert.equal(first?.split(', rank ')[0], composed.body.hits[0]!.id)
    })

    it('is gone through with the arrow keys, and both drawings show where one is', async () => {
      const page = await shared.open(mapRoute)
      await waitForMap(page)
      const [left, right] = [page.getByRole('listbox').first(), page.getByRole('listbox').last()]
      await left.focus()
      await page.keyboard.press('Home')
      const chosen = async (plot: typeof left) => {
        await page.evaluate('new Promise(drawn => requestAnimationFrame(() => setTimeout(drawn)))')
        return plot.getByRole('option', { selected: true }).getAttribute('aria-label')
      }
      assert.match((await chosen(left)) ?? '', /, rank 1, score /)
      const seen = new Set<string>()
      for (const key of ['ArrowRight', 'ArrowUp', 'ArrowLeft', 'ArrowDown', 'ArrowRight', 'ArrowDown', 'End']) {
        await page.keyboard.press(key)
        const name = await chosen(left)
        seen.add(name ?? '')
        assert.equal((await chosen(right))?.split(', rank ')[0], name?.split(', rank ')[0])
      }
      assert.match((await chosen(left)) ?? '', /, rank 20, /)
      assert(seen.size >= 3, [...seen].join('\n'))
      await page.getByText('rank 20, score').waitFor()
    })
  })
}
