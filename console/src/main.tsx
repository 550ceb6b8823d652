import { render } from 'preact'
import { App } from './app/app.tsx'
import { applyTheme, storedTheme } from './state/theme.ts'

applyTheme(storedTheme())
render(<App />, document.getElementById('console')!)
