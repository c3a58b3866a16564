// node show.mjs SERVER STUDY FOLDER: opens one study in OHIF, puts each series into the viewport, and writes what it shows.
//
// SERVER is an Orthanc with DICOMweb; OHIF comes from node_modules, under the same origin. FOLDER gets, for each series
// that is shown, SERIES.png (the viewport's canvas) and SERIES.raw (the pixels that the viewer decoded), and at the end
// window.png. Standard output is one JSON document: each series that OHIF lists, with `rows`, `columns` and `components`
// where an image of it was shown, and with `failure` where none was.
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const VIEWER = fileURLToPath(new URL("node_modules/@ohif/app/dist/", import.meta.url));
const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const PATIENCE_MS = Number(process.env.VIEWER_PATIENCE_S ?? 120) * 1000;
const SERVED = /^\/(dicom-web|wado)(\/|$)/;
const CONFIG = `window.failures = [];
window.config = {
  routerBasename: "/", extensions: [], modes: [], showStudyList: true, maxNumberOfWebWorkers: 1,
  investigationalUseDialog: { option: "never" },
  httpErrorHandler: (error) => window.failures.push(String(error?.message ?? error?.error?.message ?? error?.status)),
  dataSources: [{
    namespace: "@ohif/extension-default.dataSourcesModule.dicomweb", sourceName: "pacs",
    configuration: {
      friendlyName: "PACS", name: "PACS", qidoRoot: "/dicom-web", wadoRoot: "/dicom-web", wadoUriRoot: "/wado",
      imageRendering: "wadors", thumbnailRendering: "wadors", bulkDataURI: { enabled: true },
    },
  }],
  defaultDataSourceName: "pacs",
};`;

async function opened(browser, server) {
  const context = await browser.newContext({ viewport: { width: 1600, height: 900 }, serviceWorkers: "block" });
  await context.addInitScript(() => localStorage.setItem("shownTours", JSON.stringify(["basicViewerTour"])));
  await context.route("**/*", async (route) => {
    const { origin, pathname } = new URL(route.request().url());
    if (origin !== server) return route.abort();
    if (SERVED.test(pathname)) return route.continue();
    if (pathname === "/app-config.js") return route.fulfill({ body: CONFIG, contentType: "text/javascript" });
    const path = join(VIEWER, pathname.includes(".") ? pathname : "index.html");
    return existsSync(path) ? route.fulfill({ path }) : route.fulfill({ status: 404 });
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  return page;
}

// What OHIF lists of the study, in its own words, once as many series are there as the study has.
async function listed(page, server, study) {
  const all = await (await fetch(`${server}/dicom-web/studies/${study}/series`)).json();
  await page.goto(`${server}/viewer?StudyInstanceUIDs=${study}`, { waitUntil: "commit" });
  const active = () => window.services?.displaySetService?.getActiveDisplaySets() ?? [];
  await page.waitForFunction(`(${active})().length >= ${all.length}`);
  await page.waitForFunction(() => window.cornerstone.getRenderingEngines().some((one) => one.getViewports().length));
  return page.evaluate(`(${active})().map((each) => ({
    id: each.displaySetInstanceUID, series: each.SeriesInstanceUID, modality: each.Modality,
    unsupported: Boolean(each.unsupported) }))`);
}

// Runs in the page: puts one display set into the viewport, and gives what the viewer decoded and drew.
async function shown({ id, series }) {
  const { viewportGridService } = window.services;
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  window.failures.length = 0;
  viewportGridService.setDisplaySetsForViewport({
    viewportId: viewportGridService.getActiveViewportId(), displaySetInstanceUIDs: [id],
  });
  for (;;) {
    await wait(200);
    if (window.failures.length) return { failure: window.failures[0] };
    const viewports = window.cornerstone.getRenderingEngines().flatMap((engine) => engine.getViewports());
    const viewport = viewports.find((one) => one.getCornerstoneImage?.()?.imageId.includes(`/${series}/`));
    const image = viewport?.getCornerstoneImage();
    if (!image) continue;
    await new Promise((resolve) => {
      viewport.element.addEventListener(window.cornerstone.EVENTS.IMAGE_RENDERED, resolve, { once: true });
      viewport.render();
    });
    const pixels = image.voxelManager?.getScalarData() ?? image.getPixelData();
    const bytes = new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength);
    let raw = "";
    for (let at = 0; at < bytes.length; at += 32768) raw += String.fromCharCode(...bytes.subarray(at, at + 32768));
    return {
      rows: image.rows, columns: image.columns, components: pixels.length / (image.rows * image.columns),
      type: pixels.constructor.name, raw: btoa(raw), canvas: viewport.getCanvas().toDataURL("image/png").split(",")[1],
    };
  }
}

async function kept(page, each, folder) {
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, { failure: "nothing was shown in time" }));
  const { raw, canvas, ...outcome } = await Promise.race([page.evaluate(shown, each), late]);
  if (raw) await writeFile(join(folder, `${each.series}.raw`), raw, "base64");
  if (canvas) await writeFile(join(folder, `${each.series}.png`), canvas, "base64");
  return { ...each, ...outcome };
}

const [server, study, folder] = process.argv.slice(2);
const executablePath = BROWSERS.find(existsSync);
const args = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"];
const browser = await chromium.launch({ executablePath, args, timeout: PATIENCE_MS });
try {
  const page = await opened(browser, server);
  const outcomes = [];
  for (const each of await listed(page, server, study)) {
    outcomes.push(each.unsupported ? each : await kept(page, each, folder));
    await page.screenshot({ path: join(folder, `window-${each.modality}.png`), timeout: PATIENCE_MS });
  }
  console.log(JSON.stringify(outcomes));
} finally {
  await browser.close();
}
