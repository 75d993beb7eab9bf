"""The page in a real Chromium: its eyes and masks are Python's, its camera follows eyes, and it opens without
a network."""

import base64
import functools
import http.server
import io
import json
import os
import shutil
import threading

import cv2
import numpy as np
import pytest
import support
from PIL import Image

import export_model
from munet import synthesis
from munet.core.errors import MunetError
from munet.export import website
from munet.finder.finder import EyeFinder
from munet.images import drawing
from munet.images.reading import read_image
from munet.images.writing import write_jpeg, write_png
from munet.inference import segmenter as python
from munet.inference.conversion import converted, store_settings
from munet.inference.engines import open_finder
from munet.inference.segmenter import Segmenter
from munet.network import model_files
from munet.network.model_files import read_settings
from munet.synthesis.scenes.people import draw_scene

CHROMIUM = os.environ.get("MUNET_CHROMIUM") or shutil.which("chromium")
pytestmark = [
    support.needs("onnx", "onnxruntime", "tf2onnx"),
    pytest.mark.skipif(
        not (website.BUILT / website.WORKER).is_file(), reason="the page is not built: make web"
    ),
    pytest.mark.skipif(not website.FOUND_BY.is_file(), reason=f"{website.FOUND_BY} is missing"),
]
PHONE = {"width": 360, "height": 740}
FACE = 26  # A scene of this seed is a face, its eyes wide.

# Two groups of about equal time, so that two workers share the work; what is slow to start is started once
# for each.
NETWORK, WINDOW = "web", "web, one window"


def in_chromium(group):
    """The marks of a test in a browser."""
    found = pytest.mark.skipif(
        not CHROMIUM, reason="no Chromium found: install Debian's, or set MUNET_CHROMIUM"
    )
    return lambda test: support.needs("playwright")(found(pytest.mark.xdist_group(group)(test)))


def set_middle_level(path, segmenter, photos):
    """Gives a model the level that its maps cross most often."""
    level = int(np.median(np.concatenate([segmenter(read_image(photo)).ravel() for photo in photos])))
    if path.is_dir():
        model_files.store_level(path, level, 0, "its own maps")
    else:
        store_settings(path, read_settings(path) | {"level": level})


@pytest.fixture(scope="module")
def site(tmp_path_factory, photos):
    """The exported page with a small network of random weights."""
    folder = tmp_path_factory.mktemp("web")
    data = support.write_plain(folder / "data", 2, 1)
    with support.tiny_networks(pytest.MonkeyPatch()):
        run = support.save_random_network(folder / "run")
        set_middle_level(run, Segmenter(run, "keras", eyes="whole"), photos)
        assert (
            export_model.main([str(run), "--to", "web", "--out", str(folder / "site"), "--data", str(data)])
            == 0
        )
    return folder / "site"


@pytest.fixture(scope="module")
def mobile_site(tmp_path_factory, weights, photos):
    """The page with a MobileNetV2 in it."""
    folder = tmp_path_factory.mktemp("mobile")
    model = shutil.copy(converted(weights, "onnx"), folder / website.MODEL)
    set_middle_level(model, Segmenter(model, eyes="whole"), photos)
    website.write(folder / "site", model)
    return folder / "site"


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A JPEG, one that its EXIF block turns upright, PNGs of which both sides, or one, are smaller than the
    network's input."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(3)
    images = [
        synthesis.draw_eye(synthesis.draw_subject(rng), rng, size)[0]
        for size in ((440, 620), (300, 500), (333, 217), (40, 56), (46, 400))
    ]
    write_jpeg(folder / "plain.jpg", images[0])
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.fromarray(images[1]).save(folder / "turned.jpg", quality=95, exif=turned)
    write_png(folder / "tall.png", images[2])
    write_png(folder / "small.png", images[3])
    write_png(folder / "wide.png", images[4])
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def finder():
    return EyeFinder(open_finder(website.FOUND_BY).run)


@pytest.fixture(scope="module")
def close_up(tmp_path_factory, finder):
    """A photo that the finder takes for a close-up, and is sure of."""
    return draw_close_up(tmp_path_factory, finder, lambda eye: eye.score >= python.SURE)


@pytest.fixture(scope="module")
def doubtful(tmp_path_factory, finder):
    """A photo that is a close-up only if the network finds sclera in it."""
    return draw_close_up(tmp_path_factory, finder, lambda eye: eye.score < python.SURE)


def draw_close_up(tmp_path_factory, finder, is_wanted):
    path = tmp_path_factory.mktemp("close") / "close.png"
    for seed in range(60):
        rng = np.random.default_rng(seed)
        image = synthesis.draw_eye(synthesis.draw_subject(rng), rng, (301, 403))[0]
        eye = python.close_up(finder(image), image.shape)
        if eye and is_wanted(eye):
            write_png(path, image)
            return path
    pytest.fail("the finder takes no such drawn eye for a close-up")


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    """Drawn faces, with wide and with small eyes, of even and of odd sides."""
    folder = tmp_path_factory.mktemp("faces")
    for seed, size in ((FACE, (480, 640)), (2, (367, 501)), (12, (601, 803))):
        write_png(folder / f"{seed}.png", draw_scene(np.random.default_rng(seed), size)[0])
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A clip of a face that moves, for Chromium's false camera (YUV4MPEG2)."""
    path = tmp_path_factory.mktemp("clip") / "face.y4m"
    face = draw_scene(np.random.default_rng(FACE), (264, 352))[0]
    with open(path, "wb") as file:
        file.write(b"YUV4MPEG2 W320 H240 F10:1 Ip A1:1 C420jpeg\n")
        for turn in np.linspace(0, 2 * np.pi, 20, endpoint=False):
            x, y = int(16 + 15 * np.sin(turn)), int(12 + 11 * np.cos(turn))
            image = np.ascontiguousarray(face[y : y + 240, x : x + 320])
            file.write(b"FRAME\n" + cv2.cvtColor(image, cv2.COLOR_RGB2YUV_I420).tobytes())
    return path


class Server:
    """A static host of a folder; `address` is its page."""

    def __init__(self, folder):
        handler = functools.partial(_Quiet, directory=str(folder))
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def host(site):
    server = Server(site)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def mobile_host(mobile_site):
    server = Server(mobile_site)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def chromium(clip):
    from playwright.sync_api import sync_playwright

    camera = [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={clip}",
    ]
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *camera])
        yield chromium
        chromium.close()


@pytest.fixture
def browser(chromium):
    """The one Chromium of these tests; a test's contexts share nothing with others and are closed after
    it."""
    before = chromium.contexts
    yield chromium
    for context in chromium.contexts:
        if context not in before:
            context.close()


@pytest.fixture(scope="module")
def window(chromium):
    """A window that tests open the page in one after the other: to compile its code again takes longer than
    most of them."""
    context = chromium.new_context(permissions=["camera"])
    yield watched(context.new_page())
    context.close()


@pytest.fixture
def page(window, host):
    """The page, opened anew in the shared window."""
    return ready(window, host.address)


def watched(page):
    """A page whose `errors` are what it logs as an error."""
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("console", lambda message: page.errors.append(message.text) if message.type == "error" else None)
    return page


def ready(page, address):
    """A page at an address, with its model loaded."""
    page.errors.clear()
    page.goto(address)
    page.wait_for_selector("body[data-ready]", timeout=60_000)
    return page


def opened(context, address):
    """A new page of a context, with its model loaded."""
    return ready(watched(context.new_page()), address)


def saved(page, button):
    with page.expect_download() as download:
        page.click(button)
    with open(download.value.path(), "rb") as file:
        return download.value.suggested_filename, np.asarray(
            Image.open(io.BytesIO(file.read())).convert("RGB")
        )


def done(page, text):
    page.wait_for_function(
        "text => document.getElementById('status').textContent.includes(text)", arg=text, timeout=60_000
    )


def set_level(page, level):
    page.evaluate(
        "level => { const e = document.getElementById('level'); e.value = level; e.dispatchEvent(new "
        "Event('input')) }",
        level,
    )


def showing(page, name):
    page.wait_for_function(
        "name => document.getElementById('name').textContent === name", arg=name, timeout=60_000
    )


@in_chromium(NETWORK)
def test_masks_are_those_of_python(mobile_site, mobile_host, browser, photos, close_up):
    segmenter = Segmenter(mobile_site / website.MODEL, finder=mobile_site / website.FINDER)
    page = opened(browser.new_context(viewport={"width": 1200, "height": 800}), mobile_host.address)
    shares = []
    photos = [*photos, close_up]
    page.set_input_files("#files", photos)
    done(page, "6 of 6 done")
    assert page.input_value("#level") == str(segmenter.level)
    for path, button in zip(photos, page.query_selector_all("#photos button"), strict=True):
        button.click()
        showing(page, path.name)
        name, mask = saved(page, "#save-mask")
        assert name == f"{path.stem}-mask.png"
        found = segmenter.segment(read_image(path))
        expected = found.probability >= segmenter.level
        shares.append(expected.mean())
        assert page.inner_text("#eyes").split()[0] == str(len(found.eyes))
        assert mask.shape[:2] == expected.shape
        assert set(np.unique(mask)) <= {0, 255}
        share = ((mask[..., 0] > 0) == expected).mean()
        assert share >= 0.999, f"{path.name}: {share:.5f}"
        assert abs(float(page.inner_text("#area").split()[0]) - 100 * expected.mean()) < 0.2
    assert 0.02 < shares[-1] < 0.9  # there was something to agree on
    name, overlay = saved(page, "#save-overlay")
    photo = read_image(photos[-1])
    expected = segmenter(photo) >= segmenter.level
    assert name.endswith("-overlay.png")
    assert (np.abs(overlay[~expected].astype(int) - photo[~expected]) <= 1).mean() > 0.999
    tinted = photo[expected] + 0.5 * (np.array(drawing.OVERLAY_COLOR) - photo[expected].astype(float))
    assert (np.abs(overlay[expected] - tinted) <= 1.5).mean() > 0.99
    assert page.errors == []


@in_chromium(NETWORK)
def test_eyes_of_faces_are_those_of_python(mobile_site, mobile_host, browser, faces):
    segmenter = Segmenter(mobile_site / website.MODEL, finder=mobile_site / website.FINDER)
    page = opened(browser.new_context(), mobile_host.address)
    for path in faces:
        page.set_input_files("#files", path)
        showing(page, path.name)
        found = segmenter.segment(read_image(path))
        assert found.eyes
        assert page.inner_text("#eyes").split()[0] == str(len(found.eyes))
        assert page.is_hidden("#none")
        about = found.probability > 0
        for level in (1, 60, segmenter.level, 200):  # no mask tells levels, but whether they are as high
            set_level(page, level)
            mask = saved(page, "#save-mask")[1][..., 0] > 0
            assert not mask[~about].any() or level == 1
            surely = (found.probability >= level + 2) & ~mask
            never = (found.probability < level - 2) & mask
            assert (surely | never)[about].mean() <= 0.003
    assert page.errors == []


@in_chromium(NETWORK)
def test_a_close_up_is_seen_as_a_whole(mobile_site, mobile_host, browser, close_up):
    segmenter = Segmenter(mobile_site / website.MODEL, eyes="whole")
    finder = EyeFinder(open_finder(mobile_site / website.FINDER).run)
    page = opened(browser.new_context(), mobile_host.address)
    page.set_input_files("#files", close_up)
    showing(page, close_up.name)
    assert page.inner_text("#eyes") == "1 eye"
    image = read_image(close_up)
    levels = segmenter(image)
    python.clear_beyond(levels, python.close_up(finder(image), image.shape))
    mask = saved(page, "#save-mask")[1][..., 0] > 0
    assert (mask == (levels >= segmenter.level)).mean() >= 0.999


@in_chromium(NETWORK)
@pytest.mark.parametrize(("level", "eyes"), [(1, 1), (255, 0)])
def test_a_doubtful_eye_is_one_if_it_has_sclera(mobile_site, browser, doubtful, tmp_path, level, eyes):
    model = shutil.copy(mobile_site / website.MODEL, tmp_path / website.MODEL)
    store_settings(model, read_settings(model) | {"level": level})
    website.write(tmp_path / "site", model)
    found = Segmenter(model, finder=mobile_site / website.FINDER).segment(read_image(doubtful))
    server = Server(tmp_path / "site")
    page = opened(browser.new_context(), server.address)
    page.set_input_files("#files", doubtful)
    showing(page, doubtful.name)
    mask = saved(page, "#save-mask")[1][..., 0] > 0
    assert len(found.eyes) == eyes == int(page.inner_text("#eyes").split()[0])
    assert (mask == (found.probability >= level)).mean() >= 0.999
    assert page.is_visible("#none") == (eyes == 0)
    server.stop()


@in_chromium(WINDOW)
def test_where_no_eye_is_it_is_told(page, close_up, tmp_path):
    write_png(tmp_path / "wall.png", np.full((240, 320, 3), 128, np.uint8))
    page.set_input_files("#files", tmp_path / "wall.png")
    showing(page, "wall.png")
    assert page.is_visible("#none")
    assert page.inner_text("#none").startswith("No eye found. Come closer")
    assert (page.inner_text("#eyes"), page.inner_text("#area")) == ("0 eyes", "0.00 %")
    assert not saved(page, "#save-mask")[1].any()
    page.set_input_files("#files", close_up)
    showing(page, close_up.name)
    assert page.is_hidden("#none")


@in_chromium(WINDOW)
def test_boxes_are_about_the_eyes(page, faces, finder):
    page.set_input_files("#files", faces[0])
    showing(page, faces[0].name)
    picture = page.evaluate("document.getElementById('view').toDataURL()").split(",")[1]
    drawn = np.asarray(Image.open(io.BytesIO(base64.b64decode(picture))).convert("RGB"))
    yellow = np.abs(drawn.astype(int) - drawing.BOX_COLOR).max(axis=2) < 90
    image = read_image(faces[0])
    for eye in finder(image):
        x0, y0, x1, y1 = (int(at) for at in np.clip(eye.bounds(), 0, [*image.shape[1::-1]] * 2))
        assert not yellow[y0 + 4 : y1 - 4, x0 + 4 : x1 - 4].any()  # within there is the mask
        row = yellow[(y0 + y1) // 2]
        assert row[max(0, x0 - 60) : x0].any() or row[x1 : x1 + 60].any()
    assert not (saved(page, "#save-overlay")[1] == drawing.BOX_COLOR).all(axis=2).any()


@in_chromium(WINDOW)
def test_the_threshold_moves_the_mask(page, close_up):
    page.set_input_files("#files", close_up)
    done(page, "1 of 1 done")
    areas = []
    own = page.inner_text("#level-value")
    for level in (1, int(own), 255):
        set_level(page, level)
        areas.append(float(page.inner_text("#area").split()[0]))
    assert areas == sorted(areas, reverse=True)
    assert areas[0] > areas[2]
    page.click("#own-level")
    assert page.inner_text("#level-value") == own


@in_chromium(WINDOW)
def test_what_is_no_image_is_named_and_the_rest_is_done(page, photos, tmp_path):
    (tmp_path / "notes.jpg").write_text("no image")
    page.set_input_files("#files", [tmp_path / "notes.jpg", photos[0]])
    done(page, "1 of 2 done. notes.jpg: not an image")
    assert page.locator("#photos button").count() == 1


@in_chromium(WINDOW)
def test_the_camera(page):
    page.click("#camera")
    showing(page, "camera")
    first = page.inner_text("#area")
    # frames follow each other
    page.wait_for_function("first => document.getElementById('area').textContent !== first", arg=first)
    page.click("#camera")
    done(page, "The camera is off.")
    assert saved(page, "#save-mask")[1].shape == (240, 320, 3)


@in_chromium(WINDOW)
def test_the_camera_keeps_the_numbers_of_eyes(page):
    page.evaluate("""() => {
        window.drawn = [];
        const { fillText, drawImage } = CanvasRenderingContext2D.prototype;
        CanvasRenderingContext2D.prototype.drawImage = function (...words) {
            drawn.push({});
            return drawImage.apply(this, words);
        };
        CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
            drawn.at(-1)[text] = x;
            return fillText.call(this, text, x, y);
        };
    }""")
    page.click("#camera")
    page.wait_for_function("() => drawn.filter((f) => '1' in f && '2' in f).length >= 30", timeout=60_000)
    both = page.evaluate("() => drawn.filter((f) => '1' in f && '2' in f)")
    page.click("#camera")
    assert all(frame["1"] < frame["2"] for frame in both)
    assert np.ptp([frame["2"] for frame in both]) > 15  # it moved


@in_chromium(WINDOW)
def test_a_camera_that_is_refused_is_told(page):
    refuse = (
        "name => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', name)) }"
    )
    page.evaluate(refuse, "NotAllowedError")
    page.click("#camera")
    done(page, "the camera was refused")
    page.evaluate(refuse, "NotFoundError")
    page.click("#camera")
    done(page, "there is no camera; open photos instead")
    page.evaluate("Object.defineProperty(navigator, 'mediaDevices', { value: undefined })")
    page.click("#camera")
    done(page, "needs a secure page")


@in_chromium(WINDOW)
def test_a_camera_that_is_switched_while_it_opens_is_the_last_one_asked_for(page):
    page.evaluate("""() => {
        const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        const waits = [400, 100];
        window.streams = [];
        window.given = 0;
        navigator.mediaDevices.getUserMedia = async (wish) => {
            const wait = waits.shift();
            const stream = await open(wish);
            streams.push(stream);
            await new Promise((resolve) => setTimeout(resolve, wait));
            given++;
            return stream;
        };
    }""")
    for _ in range(3):  # on, off, on
        page.click("#camera")
    showing(page, "camera")
    page.wait_for_function("() => given === 2")
    live = "() => streams.map((stream) => stream.getTracks()[0].readyState)"
    assert page.evaluate(live) == ["ended", "live"]
    assert page.evaluate("() => document.getElementById('video').srcObject === streams[1]")
    assert page.inner_text("#camera") == "Stop the camera"
    assert page.inner_text("#status").startswith("The camera is on")
    # as when it is unplugged
    page.evaluate("() => streams[1].getTracks()[0].dispatchEvent(new Event('ended'))")
    done(page, "The camera stopped: it was unplugged")
    assert (page.evaluate(live), page.inner_text("#camera")) == (["ended", "ended"], "Use the camera")
    assert page.errors == []


@in_chromium(WINDOW)
def test_photos_that_are_done_later_do_not_take_the_place_of_what_is_looked_at(page, photos):
    page.set_input_files("#files", photos)
    page.click("#photos button >> nth=0")
    done(page, "5 of 5 done")
    assert (page.inner_text("#name"), page.locator("#photos button").count()) == (photos[0].name, 5)
    page.set_input_files("#files", photos)
    page.wait_for_function("() => document.querySelectorAll('#photos button').length > 5")
    page.click("#camera")
    page.wait_for_function("() => document.querySelectorAll('#photos button').length === 10")
    # "5 of 5 done." stands before it where the photos took longer than the click
    done(page, "The camera is on")
    showing(page, "camera")
    page.click("#photos button >> nth=2")
    done(page, "The camera is off.")
    showing(page, photos[2].name)


@in_chromium(WINDOW)
def test_photos_that_are_dropped(page, photos):
    drop = page.evaluate_handle(
        """async (bytes) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([new Uint8Array(bytes)], "dropped.jpg", { type: "image/jpeg" }));
        return transfer;
    }""",
        list(photos[0].read_bytes()),
    )
    page.dispatch_event("body", "drop", {"dataTransfer": drop})
    done(page, "1 of 1 done")
    assert page.inner_text("#name") == "dropped.jpg"


@in_chromium(NETWORK)
def test_opens_and_works_without_a_network(site, browser, photos):
    server = Server(site)
    context = browser.new_context()
    opened(context, server.address).close()
    server.stop()
    page = opened(context, server.address)
    page.set_input_files("#files", photos[0])
    done(page, "1 of 1 done")
    assert page.errors == []


@in_chromium(NETWORK)
def test_a_newer_page_replaces_the_one_that_a_device_keeps(site, browser, photos, tmp_path):
    shutil.copytree(site, tmp_path / "site")
    server = Server(tmp_path / "site")
    context = browser.new_context()
    page = opened(context, server.address)
    shutil.copy(site / website.MODEL, tmp_path / "other.onnx")
    store_settings(tmp_path / "other.onnx", read_settings(site / website.MODEL) | {"level": 7})
    website.write(tmp_path / "site", tmp_path / "other.onnx")
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert page.inner_text("#level-value") != "7"  # the older one as a whole, as long as a window shows it
    page.evaluate("() => navigator.serviceWorker.getRegistration().then(r => r.update())")
    page.wait_for_function(
        "() => navigator.serviceWorker.getRegistration().then(r => Boolean(r.waiting))", timeout=60_000
    )
    page.close()
    opened(context, server.address).close()
    server.stop()
    page = opened(context, server.address)
    assert page.inner_text("#level-value") == "7"
    page.set_input_files("#files", photos[0])
    done(page, "1 of 1 done")
    assert page.errors == []


@in_chromium(WINDOW)
def test_photos_that_are_chosen_early_wait_for_the_model(host, browser, photos):
    page = browser.new_context().new_page()
    page.goto(host.address, wait_until="domcontentloaded")
    page.set_input_files("#files", photos[:2])
    page.set_input_files("#files", photos[2])
    done(page, "1 of 1 done")
    assert page.locator("#photos button").count() == 3


@in_chromium(NETWORK)
@pytest.mark.parametrize("kept", ["allow", "block"])
def test_nothing_goes_to_another_origin(host, browser, photos, kept):
    context = browser.new_context(service_workers=kept)  # blocked as on hosts without https
    asked = []
    context.on("request", lambda request: asked.append((request.method, request.url)))
    page = opened(context, host.address)
    page.set_input_files("#files", photos[0])
    done(page, "1 of 1 done")
    assert all(
        method == "GET" and url.startswith((host.address, "blob:" + host.address)) for method, url in asked
    )
    # Asked of the policy itself, as a fetch fails without a network, too.
    forbidden = """new Promise((resolve) => {
        const told = (event) => resolve(event.effectiveDirective);
        (self.document ?? self).addEventListener("securitypolicyviolation", told);
        fetch("https://example.org/").catch(() => setTimeout(() => resolve("nothing"), 1000));
    })"""
    assert page.evaluate(forbidden) == page.workers[0].evaluate(forbidden) == "connect-src"


@in_chromium(NETWORK)
@pytest.mark.parametrize("name", [website.MODEL, website.FINDER])
def test_a_missing_model_is_told(site, browser, tmp_path, name):
    shutil.copytree(site, tmp_path / "site")
    (tmp_path / "site" / name).unlink()
    server = Server(tmp_path / "site")
    page = browser.new_context().new_page()
    page.goto(server.address)
    done(page, f"{name} is missing from this site")
    assert page.is_disabled("#camera")
    server.stop()


@in_chromium(WINDOW)
def test_a_phone_and_a_keyboard(host, browser, photos):
    page = opened(browser.new_context(viewport=PHONE, has_touch=True, color_scheme="dark"), host.address)
    page.set_input_files("#files", photos)
    done(page, "5 of 5 done")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    small = page.evaluate(
        "[...document.querySelectorAll('button, .button')].filter(e => e.getBoundingClientRect().height < "
        "40).length"
    )
    assert small == 0
    page.focus("#files")
    reached = []
    for _ in range(10):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.name"))
    assert {"camera", "show", "opacity", "level", "own-level", "save-mask", "save-overlay"} <= set(reached)
    unnamed = """[...document.querySelectorAll('input, button')]
        .filter(e => !e.labels?.length && !e.textContent.trim()).length"""
    assert page.evaluate(unnamed) == 0
    assert "sclera" in page.get_attribute("#view", "aria-label")


@pytest.mark.xdist_group(WINDOW)
def test_the_export_replaces_a_page_and_refuses_other_folders(site, tmp_path, monkeypatch):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(MunetError, match="is no page of ours"):
        website.require(tmp_path)
    website.require(site)
    (tmp_path / "killed/assets").mkdir(parents=True)
    shutil.copy(site / "index.html", tmp_path / "killed")
    website.require(tmp_path / "killed")
    (tmp_path / "killed/index.html").write_text("<h1>Home</h1>")
    with pytest.raises(MunetError, match="no page of ours"):
        website.require(tmp_path / "killed")
    before = (site / website.WORKER).read_text()
    assert "__" not in before.split("FILES = ")[0]
    assert '"munet.onnx"' in before
    assert '"finder.onnx"' in before
    shutil.copy(site / website.MODEL, tmp_path / "other.onnx")
    store_settings(tmp_path / "other.onnx", read_settings(site / website.MODEL) | {"level": 3})
    website.write(tmp_path / "page", tmp_path / "other.onnx")
    for name in ("CNAME", "assets/mine.js"):  # what a host or its owner puts there stays
        (tmp_path / "page" / name).write_text("mine")
    website.require(tmp_path / "page")
    website.write(tmp_path / "page", tmp_path / "other.onnx")  # over itself
    assert (tmp_path / "page/CNAME").read_text() == (tmp_path / "page/assets/mine.js").read_text() == "mine"
    # so that a device fetches the other model
    assert (tmp_path / "page" / website.WORKER).read_text() != before
    assert json.loads((tmp_path / "page" / website.SETTINGS).read_text())["level"] == 3
    with monkeypatch.context() as patch, pytest.raises(MunetError, match="the finder of eyes"):
        patch.setattr(website, "FOUND_BY", tmp_path / "none.onnx")
        website.require(tmp_path / "new")
    monkeypatch.setattr(website, "BUILT", tmp_path / "none")
    with pytest.raises(MunetError, match="run `make web`"):
        website.require(tmp_path / "new")
