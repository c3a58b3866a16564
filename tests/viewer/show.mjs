// node show.mjs SERVER STUDY FOLDER: opens one study in OHIF, puts each series of images into the viewport, and writes
// what it shows.
//
// SERVER is an Orthanc with DICOMweb; OHIF comes from node_modules, under the same origin. FOLDER gets, for each image,
// INSTANCE.raw (the pixels that the viewer decoded) and INSTANCE.png (the viewport's canvas), and window-MODALITY.png.
// Standard output is one JSON document: each display set that OHIF lists, with its `images`, the `text` that stands in the
// window once its measurements are drawn, or `unsupported`.
// VIEWER_PATIENCE_S is how long each step may take. An image that is not shown ends it with an error.
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
  customizationService: [{ autoCineModalities: { $set: [] } }],
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
    id: each.displaySetInstanceUID, modality: each.Modality, unsupported: Boolean(each.unsupported) }))`);
}

// Runs in the page: puts one display set into the viewport, waits for its first image, and gives the UIDs of all.
async function put(id) {
  const { viewportGridService, displaySetService } = window.services;
  const instances = displaySetService.getDisplaySetByUID(id).instances.map((each) => each.SOPInstanceUID);
  window.failures.length = 0;
  viewportGridService.setDisplaySetsForViewport({
    viewportId: viewportGridService.getActiveViewportId(), displaySetInstanceUIDs: [id],
  });
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    if (window.failures.length) throw new Error(window.failures[0]);
    const viewports = window.cornerstone.getRenderingEngines().flatMap((engine) => engine.getViewports());
    window.shown = viewports.find((one) => instances.some((uid) => one.getCurrentImageId?.()?.includes(`/${uid}/`)));
    if (window.shown?.getCornerstoneImage()) return window.shown.getImageIds().length;
  }
}

// Runs in the page: turns to one image of the stack, and gives what the viewer decoded and drew.
async function drawn(index) {
  const viewport = window.shown;
  await viewport.setImageIdIndex(index);
  await new Promise((resolve) => {
    viewport.element.addEventListener(window.cornerstone.EVENTS.IMAGE_RENDERED, resolve, { once: true });
    viewport.render();
  });
  const image = viewport.getCornerstoneImage();
  const pixels = image.voxelManager?.getScalarData() ?? image.getPixelData();
  const bytes = new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength);
  let raw = "";
  for (let at = 0; at < bytes.length; at += 32768) raw += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return {
    instance: image.imageId.match(/\/instances\/([0-9.]+)\//)[1], rows: image.rows, columns: image.columns,
    type: pixels.constructor.name, raw: btoa(raw), canvas: viewport.getCanvas().toDataURL("image/png").split(",")[1],
  };
}

// Writes every image of a display set; gives what is known of each.
async function kept(page, { id }, folder) {
  const images = [];
  const count = await page.evaluate(put, id);
  for (let index = 0; index < count; index += 1) {
    const { raw, canvas, ...image } = await page.evaluate(drawn, index);
    await writeFile(join(folder, `${image.instance}.raw`), raw, "base64");
    await writeFile(join(folder, `${image.instance}.png`), canvas, "base64");
    images.push(image);
  }
  return images;
}

// Opens the report as a reader does; gives all text of the window once its bone age is drawn over the image.
async function read(page) {
  await page.getByText(/Bone age report/).first().dblclick();
  await page.waitForFunction(() => document.body.innerText.includes("XR Bone age"));
  return page.evaluate(() => document.body.innerText);
}

function inTime(work) {
  const late = new Promise((_, reject) => {
    setTimeout(reject, PATIENCE_MS, new Error("nothing was shown in time")).unref();
  });
  return Promise.race([work, late]);
}

const [server, study, folder] = process.argv.slice(2);
const executablePath = BROWSERS.find(existsSync);
const args = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"];
const browser = await chromium.launch({ executablePath, args, timeout: PATIENCE_MS });
try {
  const page = await opened(browser, server);
  const outcomes = [];
  for (const each of await listed(page, server, study)) {
    if (each.unsupported) {
      outcomes.push(each);
    } else if (each.modality === "SR") {
      outcomes.push({ ...each, text: await inTime(read(page)) });
    } else {
      outcomes.push({ ...each, images: await inTime(kept(page, each, folder)) });
    }
    await page.screenshot({ path: join(folder, `window-${each.modality}.png`) });
  }
  console.log(JSON.stringify(outcomes));
} finally {
  await browser.close();
}
