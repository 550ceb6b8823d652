export const themes = ['system', 'light', 'dark'] as const

export type Theme = (typeof themes)[number]

const storedAs = 'hypershard-theme'

/** What was chosen the last time; `system` where nothing was, or nothing can be stored. */
export function storedTheme(): Theme {
  try {
    const stored = localStorage.getItem(storedAs)
    return themes.find(theme => theme === stored) ?? 'system'
  } catch {
    return 'system'
  }
}

export function applyTheme(theme: Theme): void {
  const { dataset } = document.documentElement
  if (theme === 'system') delete dataset.theme
  else dataset.theme = theme
  try {
    localStorage.setItem(storedAs, theme)
  } catch {
    // It holds until the tab is closed, then.
  }
}
