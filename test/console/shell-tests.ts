import assert from 'node:assert/strict'
import type { SharedConsole } from './shared-console.ts'

/** What all pages stand in: the key, the navigation, the colours. */
export function shellTests(shared: SharedConsole): void {
  describe('as a whole', () => {
    it('asks for a key, says when it is not valid, and forgets it with the tab', async () => {
      const page = await shared.open('#/lab', { key: undefined })
      const key = page.getByLabel('API key')
      await key.fill('hs_000000000000_nothing')
      await page.getByRole('button', { name: 'Open the console' }).click()
      await page.getByText('This key is not valid here').waitFor()
      await key.fill(shared.keys.texts.root)
      await page.getByRole('button', { name: 'Open the console' }).click()
      await page.getByRole('heading', { name: 'Search lab' }).waitFor()
      const stored = await page.evaluate(
        'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])',
      )
      assert.doesNotMatch(String(stored), /hs_/)
      await page.reload()
      await key.waitFor()
    })

    it('keeps a key over a reload where its user says so, and lets it be forgotten', async () => {
      const page = await shared.open('#/lab', { key: undefined })
      await page.getByLabel('API key').fill(shared.keys.texts.search)
      await page.getByLabel('Keep it when this tab is reloaded').check()
      await page.getByRole('button', { name: 'Open the console' }).click()
      const heading = page.getByRole('heading', { name: 'Search lab' })
      await heading.waitFor()
      await page.reload()
      await heading.waitFor()
      await page.getByRole('button', { name: 'Forget key' }).click()
      await page.getByLabel('API key').waitFor()
      assert.equal(await page.evaluate('sessionStorage.length'), 0)
    })

    it('is dark and light as the system is, or as it is switched', async () => {
      const ground = 'getComputedStyle(document.documentElement).backgroundColor'
      const page = await shared.open('#/lab', { colorScheme: 'dark' })
      await page.getByRole('heading', { name: 'Search lab' }).waitFor()
      assert.equal(await page.evaluate(ground), 'rgb(18, 21, 26)')
      await page.getByRole('button', { name: /^Colours/ }).click()
      assert.equal(await page.evaluate(ground), 'rgb(245, 246, 248)')
      await page.reload()
      await page.getByRole('heading', { name: 'Search lab' }).waitFor()
      assert.equal(await page.evaluate(ground), 'rgb(245, 246, 248)')
    })

    it('loads in less than 250 KB, from this server alone', async () => {
      const page = await shared.open('#/lab')
      await page.getByRole('heading', { name: 'Search lab' }).waitFor()
      const loaded = (await page.evaluate(
        `performance.getEntriesByType('resource').filter(({ name }) => name.includes('/console/')).map(({ encodedBodySize }) => encodedBodySize)`,
      )) as number[]
      const bytes = loaded.reduce((sum, each) => sum + each, 0)
      assert(loaded.length >= 2 && bytes > 10_000 && bytes < 250_000, `${bytes} bytes in ${loaded.length} files`)
    })

    it('says of a page that is not there that it is not', async () => {
      const page = await shared.open('#/nowhere')
      await page.getByRole('heading', { name: 'There is no such page' }).waitFor()
      await page.getByRole('link', { name: 'To the first page' }).click()
      await page.getByRole('heading', { name: 'Search lab' }).waitFor()
    })
  })
}
