/** Drawings one below the other. SVG 1.1, no script, light and dark. */

export interface Drawing {
  readonly height: number
  /** SVG below a line. */
  draw(top: number): string
}

export const width = 900
export const margin = 20
/** Of title and unit of a drawing. */
export const headHeight = 44

export function picture(title: string, drawings: readonly Drawing[]): string {
  const drawn: string[] = []
  let top = margin
  for (const drawing of drawings) {
    drawn.push(drawing.draw(top))
    top += drawing.height
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top}" width="${width}" height="${top}" role="img">
<title>${escape(title)}</title>
<style>${style}</style>
<rect width="100%" height="100%" class="paper"/>
${drawn.join('\n')}
</svg>
`
}

export const head = (title: string, unit: string, top: number): string =>
  `<text x="${margin}" y="${top + 16}" class="title">${escape(title)}</text><text x="${margin}" y="${top + 33}" class="unit">${escape(unit)}</text>`

export const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

const style = [
  'text{font:12px system-ui,sans-serif;fill:#222}',
  '.title{font-weight:600;font-size:13px}',
  '.unit{fill:#666}',
  '.label{text-anchor:end}',
  '.middle{text-anchor:middle}',
  '.paper{fill:#fff}',
  '.ours{fill:#2563eb}',
  '.peer{fill:#a8b1bf}',
  '.range{stroke:#111;stroke-width:1.5}',
  '.axis{stroke:#999;stroke-width:1}',
  '.line{fill:none;stroke:#2563eb;stroke-width:2}',
  '.other{stroke:#d97706}',
  '@media(prefers-color-scheme:dark){text{fill:#ddd}.unit{fill:#999}.paper{fill:#161b22}.peer{fill:#58616d}.range{stroke:#eee}}',
].join('')
