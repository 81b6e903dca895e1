// QR codes (ISO/IEC 18004): texts as bytes, with error correction of level M, up to version
// 20, which is more than the URL of an authenticator app needs.

const versions = 20;

/** The error correction of each version at level M: bytes per block, and the number of blocks. */
const correction = [0, 10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26];
const blocks = [0, 1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16];

/** @typedef {{size: number, dark: boolean[][], mask: number, fixed: boolean[][]}} Symbol Its modules by row and column, and which of them carry no data. */

/**
 * Encodes a text.
 * @param {string} text
 * @returns {Symbol}
 */
export function encode(text) {
  const bytes = new TextEncoder().encode(text);
  for (let version = 1; version <= versions; version++) {
    const count = version < 10 ? 8 : 16; // bits of the length
    const capacity = Math.floor(rawModules(version) / 8) - correction[version] * blocks[version];
    if (4 + count + 8 * bytes.length > 8 * capacity) continue;
    return draw(version, interleave(version, pad(bytes, count, capacity)));
  }
  throw new RangeError('the text is too long for a QR code');
}

/** The number of modules that carry data or error correction. @param {number} version */
function rawModules(version) {
  const patterns = version < 2 ? 0 : Math.floor(version / 7) + 2; // alignment patterns in a row
  const alignment = patterns === 0 ? 0 : (25 * patterns - 10) * patterns - 55;
  return (16 * version + 128) * version + 64 - alignment - (version < 7 ? 0 : 36);
}

/**
 * The codewords of the data: the mode, the length, the bytes, and padding.
 * @param {Uint8Array} bytes
 * @param {number} count
 * @param {number} capacity
 */
function pad(bytes, count, capacity) {
  /** @type {number[]} */
  const bits = [];
  const add = (/** @type {number} */ value, /** @type {number} */ length) => {
    for (let i = length - 1; i >= 0; i--) bits.push((value >>> i) & 1);
  };
  add(4, 4); // the mode of bytes
  add(bytes.length, count);
  for (const byte of bytes) add(byte, 8);
  add(0, Math.min(4, 8 * capacity - bits.length));
  add(0, (8 - (bits.length % 8)) % 8);
  const words = [];
  for (let i = 0; i < bits.length; i += 8) words.push(parseInt(bits.slice(i, i + 8).join(''), 2));
  for (let filler = 0xec; words.length < capacity; filler ^= 0xec ^ 0x11) words.push(filler);
  return words;
}

/**
 * Splits the data into blocks, adds their error correction, and puts one word of each block
 * after the other.
 * @param {number} version
 * @param {number[]} words
 */
function interleave(version, words) {
  const number = blocks[version], length = correction[version];
  const short = number - (words.length % number); // so many blocks have one word less
  const divisor = generator(length);
  /** @type {{data: number[], check: number[]}[]} */
  const all = [];
  for (let i = 0, at = 0; i < number; i++) {
    const data = words.slice(at, (at += Math.floor(words.length / number) + (i < short ? 0 : 1)));
    all.push({data, check: remainder(data, divisor)});
  }
  const result = [];
  for (let i = 0; i < all[number - 1].data.length; i++) for (const {data} of all) if (i < data.length) result.push(data[i]);
  for (let i = 0; i < length; i++) for (const {check} of all) result.push(check[i]);
  return result;
}

/** Multiplies in GF(2⁸) modulo x⁸+x⁴+x³+x²+1. @param {number} x @param {number} y */
function multiply(x, y) {
  let product = 0;
  for (let i = 7; i >= 0; i--) product = (product << 1) ^ ((product >>> 7) * 0x11d) ^ (((y >>> i) & 1) * x);
  return product;
}

/** The coefficients of the Reed-Solomon generator, without the leading one. @param {number} degree */
function generator(degree) {
  const result = Array(degree).fill(0);
  result[degree - 1] = 1;
  for (let i = 0, root = 1; i < degree; i++, root = multiply(root, 2)) {
    for (let j = 0; j < degree; j++) result[j] = multiply(result[j], root) ^ (result[j + 1] ?? 0);
  }
  return result;
}

/** The error correction of a block. @param {number[]} data @param {number[]} divisor */
function remainder(data, divisor) {
  const result = Array(divisor.length).fill(0);
  for (const word of data) {
    const factor = word ^ result.shift();
    result.push(0);
    divisor.forEach((coefficient, i) => (result[i] ^= multiply(coefficient, factor)));
  }
  return result;
}

/** The masks, by column and row. @type {Array<(x: number, y: number) => boolean>} */
const masks = [
  (x, y) => (x + y) % 2 === 0, (_, y) => y % 2 === 0, (x) => x % 3 === 0, (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0, (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0, (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

/**
 * Draws the symbol with the mask that readers like best.
 * @param {number} version
 * @param {number[]} words
 * @returns {Symbol}
 */
function draw(version, words) {
  const size = 4 * version + 17;
  const grid = () => Array.from({length: size}, () => Array(size).fill(false));
  const plain = grid(), fixed = grid();
  drawPatterns(version, size, (x, y, dark) => {
    plain[y][x] = dark;
    fixed[y][x] = true;
  });
  let bit = 0;
  for (let right = size - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5; // the timing pattern
    const upward = ((right + 1) & 2) === 0;
    for (let step = 0; step < size; step++) {
      for (const x of [right, right - 1]) {
        const y = upward ? size - 1 - step : step;
        if (!fixed[y][x] && bit < 8 * words.length) plain[y][x] = ((words[bit >>> 3] >>> (7 - (bit++ & 7))) & 1) === 1;
      }
    }
  }
  const symbols = masks.map((masked, mask) => {
    const dark = plain.map((row, y) => row.map((value, x) => (fixed[y][x] ? value : value !== masked(x, y))));
    drawFormat(size, mask, (x, y, value) => (dark[y][x] = value));
    return {size, dark, mask, fixed};
  });
  const penalties = symbols.map(({dark}) => penalty(dark));
  return symbols[penalties.indexOf(Math.min(...penalties))];
}

/**
 * Draws what carries no data: finders, timing, alignment, and the version.
 * @param {number} version
 * @param {number} size
 * @param {(x: number, y: number, dark: boolean) => void} set
 */
function drawPatterns(version, size, set) {
  for (let i = 0; i < size; i++) {
    set(6, i, i % 2 === 0);
    set(i, 6, i % 2 === 0);
  }
  const square = (/** @type {number} */ cx, /** @type {number} */ cy, /** @type {number} */ radius) => {
    for (let dy = -radius; dy <= radius; dy++) {
      for (let dx = -radius; dx <= radius; dx++) {
        const x = cx + dx, y = cy + dy, distance = Math.max(Math.abs(dx), Math.abs(dy));
        if (x >= 0 && y >= 0 && x < size && y < size) set(x, y, radius === 2 ? distance !== 1 : distance !== 2 && distance !== 4);
      }
    }
  };
  const number = version < 2 ? 0 : Math.floor(version / 7) + 2;
  const gap = number < 2 ? 0 : Math.ceil((size - 13) / (2 * number - 2)) * 2;
  const centers = number === 0 ? [] : [6, ...Array.from({length: number - 1}, (_, i) => size - 7 - i * gap).reverse()];
  for (const cx of centers) {
    for (const cy of centers) {
      const corner = (cx === 6 && cy === 6) || (cx === 6 && cy === size - 7) || (cx === size - 7 && cy === 6);
      if (!corner) square(cx, cy, 2);
    }
  }
  for (const [cx, cy] of [[3, 3], [size - 4, 3], [3, size - 4]]) square(cx, cy, 4);
  drawFormat(size, 0, set); // reserves the place
  if (version < 7) return;
  let check = version;
  for (let i = 0; i < 12; i++) check = (check << 1) ^ ((check >>> 11) * 0x1f25);
  const bits = (version << 12) | check;
  for (let i = 0; i < 18; i++) {
    const a = size - 11 + (i % 3), b = Math.floor(i / 3), dark = ((bits >>> i) & 1) === 1;
    set(a, b, dark);
    set(b, a, dark);
  }
}

/**
 * Draws the level of error correction and the mask.
 * @param {number} size
 * @param {number} mask
 * @param {(x: number, y: number, dark: boolean) => void} set
 */
function drawFormat(size, mask, set) {
  let check = mask; // the bits of level M are 00
  for (let i = 0; i < 10; i++) check = (check << 1) ^ ((check >>> 9) * 0x537);
  const bits = ((mask << 10) | check) ^ 0x5412;
  const bit = (/** @type {number} */ i) => ((bits >>> i) & 1) === 1;
  for (let i = 0; i < 6; i++) set(8, i, bit(i));
  set(8, 7, bit(6));
  set(8, 8, bit(7));
  set(7, 8, bit(8));
  for (let i = 9; i < 15; i++) set(14 - i, 8, bit(i));
  for (let i = 0; i < 8; i++) set(size - 1 - i, 8, bit(i));
  for (let i = 8; i < 15; i++) set(8, size - 15 + i, bit(i));
  set(8, size - 8, true);
}

/** How hard a symbol is to read. @param {boolean[][]} dark */
function penalty(dark) {
  const size = dark.length;
  let total = 0, count = 0;
  const lines = [...dark, ...dark.map((_, x) => dark.map((row) => row[x]))];
  for (const line of lines) {
    const text = line.map(Number).join('');
    for (const [run] of text.matchAll(/0{5,}|1{5,}/g)) total += run.length - 2;
    for (const finder of ['10111010000', '00001011101']) for (let at = text.indexOf(finder); at >= 0; at = text.indexOf(finder, at + 1)) total += 40;
  }
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      if (dark[y][x]) count++;
      if (x > 0 && y > 0 && dark[y][x] === dark[y - 1][x] && dark[y][x] === dark[y][x - 1] && dark[y][x] === dark[y - 1][x - 1]) total += 3;
    }
  }
  return total + 10 * Math.floor(Math.abs((20 * count) / (size * size) - 10));
}

/**
 * A text as a QR code, dark on white with the margin that readers need.
 * @param {string} text
 * @param {string} label What it is, for screen readers.
 */
export function qrCode(text, label) {
  const {size, dark} = encode(text);
  const path = dark.flatMap((row, y) => row.map((value, x) => (value ? `M${x + 4} ${y + 4}h1v1h-1z` : ''))).join('');
  const namespace = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(namespace, 'svg');
  const shapes = {rect: {width: '100%', height: '100%', fill: '#fff'}, path: {d: path, fill: '#000'}};
  for (const [name, attributes] of Object.entries(shapes)) {
    const shape = document.createElementNS(namespace, name);
    for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, value);
    svg.append(shape);
  }
  for (const [key, value] of Object.entries({viewBox: `0 0 ${size + 8} ${size + 8}`, part: 'qr', role: 'img', 'aria-label': label, 'shape-rendering': 'crispEdges'})) {
    svg.setAttribute(key, value);
  }
  return svg;
}
