// Makes the tray's icons: one for each state, in a form for dark panels and one for light ones.
// The mouth and the water are those of culvert.svg; each state has a shape of its own as well as
// a colour. `npm run icons` runs this.

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The size of a panel's icon, and that on a display of twice the density. */
const sizes = [22, 44];

const here = fileURLToPath(new URL('.', import.meta.url));
const source = readFileSync(join(here, 'culvert.svg'), 'utf8');

/** On a dark panel and on a light one: the glyph, and the states' colours as in ui/src/tokens.css. */
const forms = {
  'on-dark': {
    ink: '#ffffff',
    connecting: '#6ba3ff',
    degraded: '#e0a03a',
    reconnecting: '#e0a03a',
    'needs-sign-in': '#b98af0',
    failed: '#f06a6a',
  },
  'on-light': {
    ink: '#1b2024',
    connecting: '#1d5fd1',
    degraded: '#955500',
    reconnecting: '#955500',
    'needs-sign-in': '#7a3fc0',
    failed: '#c02626',
  },
};

// What stands in the lower right corner, on a grid of 400; `c` is its colour.
const badges = {
  connecting: (c) => [60, 200, 340].map((x) => `<circle cx="${x}" cy="220" r="58" fill="${c}"/>`).join(''),
  degraded: (c) => `<path d="M200 30 390 370H10z" fill="${c}"/>`,
  reconnecting: (c) =>
    `<path d="M340 200a140 140 0 1 1-60-115" fill="none" stroke="${c}" stroke-width="88"/>` +
    `<path d="M400 20v190H210z" fill="${c}"/>`,
  'needs-sign-in': (c) =>
    `<circle cx="115" cy="200" r="85" fill="none" stroke="${c}" stroke-width="66"/>` +
    `<path d="M200 200h200M350 200v130" fill="none" stroke="${c}" stroke-width="66"/>`,
  failed: (c) => `<path d="m50 50 300 300m0-300L50 350" stroke="${c}" stroke-width="104"/>`,
};

const states = ['off', 'up', ...Object.keys(badges)];

/** The outline of culvert.svg's element of this name. */
function outline(id) {
  const found = new RegExp(`id="${id}" d="([^"]+)"`).exec(source);
  if (!found) throw new Error(`culvert.svg has no path "${id}"`);
  return found[1];
}

function drawing(state, form) {
  const { ink } = form;
  const badge = badges[state];
  const mouth = outline('mouth');
  const arch = `<path d="${mouth}" fill="none" stroke="${ink}" stroke-width="112"/>`;
  const water = `<path d="${outline('water')}" fill="${ink}" clip-path="url(#mouth)"/>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="720" height="720" viewBox="152 214 720 720">
    <defs>
      <clipPath id="mouth"><path d="${mouth}"/></clipPath>
      <mask id="room">
        <rect x="152" y="214" width="720" height="720" fill="#fff"/>
        ${badge ? '<circle cx="682" cy="744" r="222" fill="#000"/>' : ''}
      </mask>
    </defs>
    <g mask="url(#room)" opacity="${state === 'off' ? 0.6 : 1}">${arch}${state === 'off' ? '' : water}</g>
    ${badge ? `<g transform="translate(502 564) scale(0.9)">${badge(form[state])}</g>` : ''}
  </svg>`;
}

const work = mkdtempSync(join(tmpdir(), 'culvert-icons-'));
try {
  mkdirSync(join(here, 'tray'), { recursive: true });
  for (const state of states) {
    for (const [name, form] of Object.entries(forms)) {
      const svg = join(work, 'icon.svg');
      writeFileSync(svg, drawing(state, form));
      const pngs = sizes.flatMap((size) => ['--png', String(size)]);
      const made = spawnSync('npx', ['tauri', 'icon', svg, '--output', work, ...pngs], { encoding: 'utf8' });
      if (made.status !== 0) throw new Error(made.stderr);
      for (const size of sizes) {
        copyFileSync(join(work, `${size}x${size}.png`), join(here, 'tray', `${state}-${name}-${size}.png`));
      }
    }
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
