// The picture of the lightbox: photograph, region and overlay on one canvas, zoomed around the unit.
// Photographs are kept as loaded images, since nothing may be stored by the browser's cache.
import { gettext } from "./texts.js";

const KEPT = 12;
const pictures = new Map();

/** Load a picture once and keep it; the oldest go first. */
export function load(url) {
  const known = pictures.get(url);
  if (known) {
    pictures.delete(url);
    pictures.set(url, known);
    return known;
  }
  const made = new Image();
  made.decoding = "async";
  made.src = url;
  const entry = { image: made, ready: made.decode().then(() => { entry.done = true; }), done: false };
  entry.ready.catch(() => pictures.delete(url));
  pictures.set(url, entry);
  for (const key of pictures.keys()) {
    if (pictures.size <= KEPT) break;
    pictures.delete(key);
  }
  return entry;
}

const whole = [0, 0, 1, 1];

/** A stage draws one unit; `show` resolves once its photograph is drawn. */
export function makeStage(canvas, wait, colour) {
  const context = canvas.getContext("2d");
  let unit = null;
  let photo = null;
  let overlay = null;
  let zoom = 1;
  let showsOverlay = false;
  let turn = 0;

  function view() {
    const box = unit.crop ?? whole;
    const side = Math.max(box[2], 0.02);
    const [width, height] = [box[2] / zoom, box[3] / zoom];
    if (width >= 1 && height >= 1) return whole;
    const [cx, cy] = [box[0] + side / 2, box[1] + box[3] / 2];
    return [cx - width / 2, cy - height / 2, width, height];
  }

  function draw() {
    if (!unit || !photo?.done) return;
    const scale = window.devicePixelRatio || 1;
    const [w, h] = [canvas.clientWidth * scale, canvas.clientHeight * scale];
    if (canvas.width !== w || canvas.height !== h) { canvas.width = w; canvas.height = h; }
    context.clearRect(0, 0, w, h);
    const [iw, ih] = [photo.image.naturalWidth, photo.image.naturalHeight];
    const [x, y, vw, vh] = view();
    const k = Math.min(w / (vw * iw), h / (vh * ih));
    const left = (w - vw * iw * k) / 2 - x * iw * k;
    const top = (h - vh * ih * k) / 2 - y * ih * k;
    const place = (box) => [left + box[0] * iw * k, top + box[1] * ih * k, box[2] * iw * k, box[3] * ih * k];
    context.imageSmoothingQuality = "high";
    context.drawImage(photo.image, left, top, iw * k, ih * k);
    if (showsOverlay && overlay?.done && unit.crop) context.drawImage(overlay.image, ...place(unit.crop));
    if (unit.region) {
      context.strokeStyle = colour();
      context.lineWidth = 2 * scale;
      context.setLineDash([8 * scale, 5 * scale]);
      context.strokeRect(...place(unit.region));
    }
  }

  async function show(next, urls) {
    const mine = ++turn;
    unit = next;
    zoom = 1;
    photo = load(urls.photo);
    overlay = unit.overlay && showsOverlay ? load(urls.overlay) : null;
    wait.hidden = photo.done;
    wait.textContent = gettext("Loading the photograph…");
    try {
      await photo.ready;
      if (mine !== turn) return;
      wait.hidden = true;
      draw();
      if (overlay) { await overlay.ready; if (mine === turn) draw(); }
    } catch {
      if (mine !== turn) return;
      context.clearRect(0, 0, canvas.width, canvas.height);
      wait.hidden = false;
      wait.textContent = gettext("The photograph cannot be loaded. Try again, or open the unit's own page.");
    }
  }

  async function toggleOverlay(urls) {
    showsOverlay = !showsOverlay;
    draw();
    if (showsOverlay && unit?.overlay) {
      overlay = load(urls.overlay);
      await overlay.ready.catch(() => {});
      draw();
    }
    return showsOverlay;
  }

  function zoomBy(factor) {
    zoom = factor === 0 ? 1 : Math.min(6, Math.max(0.1, zoom * factor));
    draw();
  }

  new ResizeObserver(draw).observe(canvas);
  return { show, toggleOverlay, zoomBy };
}
