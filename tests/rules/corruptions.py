"""One fault at a time put into a clean row: what must be found, and what may come with it."""

import random
from dataclasses import dataclass, field

from PIL import Image, ImageDraw

from tests.conftest import ROOT, say

LEAK = "You are a careful assistant for phones."
CLEAN = {
    **say("<image>Which app is open?", "The app is Mail.", images=["shot.png"]),
    **dict.fromkeys(("system", "tools", "videos", "audios")),
}
"""Every column, so that each fault has its place."""
TRL = {"settings": {"trainer": "trl"}, "entry": {"formatting": "own", "columns": {}}}
"""Rows in the layout of a trainer's own."""
HELLO = {"other": {**CLEAN, **say("Hi.", "Hello."), "images": []}}


@dataclass(frozen=True)
class Corruption:
    """The codes that a fault gives: exactly `code` and `others`. `other` is a second row, where the fault needs it."""

    code: str
    change: dict
    others: tuple = ()
    settings: dict = field(default_factory=dict)
    other: dict | None = None
    entry: dict = field(default_factory=dict)


def turns(*texts, **columns):
    return {**say(*texts), **columns}


def roles(*pairs):
    return {"messages": [{"role": role, "content": text} for role, text in pairs], "images": None}


def image(name, question="<image>Which app is open?", answer="The app is Mail."):
    return turns(question, answer, images=[name])


def video(name):
    return turns("<video>What happens?", "It gets brighter.", images=None, videos=[name])


def words(number):
    return " ".join(f"word{place}" for place in range(number))


SEE = "<image>Which app is open?"
BASE64 = "".join(random.Random(0).choices("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", k=600))
BOX = '[{"bbox_2d": [%d, %d, %d, %d]}]'
CORRUPTIONS = {
    "roles swapped": Corruption("CV001", roles(("assistant", "a"), ("user", "b"))),
    "answer lost": Corruption("CV002", turns(SEE)),
    "no turns": Corruption("CV003", {"messages": [], "images": None}),
    "messages null": Corruption("CV004", {"messages": None}),
    "content null": Corruption("CV005", turns("Hi", None, images=None)),
    "call is no JSON": Corruption("CV006", roles(("user", "a"), ("function", "find(x)"))),
    "tools are no JSON": Corruption("CV007", {"tools": "find(x)"}),
    "half a surrogate pair": Corruption("CV010", turns("a\ud800", "b", images=None)),
    "picture pasted as text": Corruption("CV011", turns(SEE + BASE64, "Mail.")),
    "answer in a loop": Corruption("CV012", turns(SEE, "The app is Mail. " * 40)),
    "replacement character": Corruption("CV013", turns(SEE, "A caf\ufffd.")),
    "mojibake": Corruption("CV013", turns(SEE, "Itâ€™s a cafÃ©.")),
    "mojibake of Chinese": Corruption("CV013", turns(SEE, "æ‰‹æœºçš„åº”ç”¨")),
    "another model's tokens": Corruption("CV014", turns(SEE, "[INST] What? [/INST] Mail.")),
    "a dialogue in one turn": Corruption("CV014", turns(SEE, "Mail.\nHuman: And now?\nAssistant: Maps.")),
    "system prompt recited": Corruption("CV015", {**turns(SEE, f"{LEAK} Mail."), "system": LEAK}),
    "Qwen's system prompt recited": Corruption("CV015", turns(SEE, "system\nYou are a helpful assistant.\nMail.")),
    "a tool's reply in the answer": Corruption(
        "CV017", turns(SEE, '<tool_call>{"name": "look"}</tool_call>\n<tool_response>Mail</tool_response>')
    ),
    "an observation in the answer": Corruption("CV017", turns(SEE, "Look.\nAction: look\nObservation: Mail\nMail.")),
    "results in the answer": Corruption("CV017", turns(SEE, "[TOOL_CALLS] [{}] [TOOL_RESULTS] 3 [/TOOL_RESULTS] 3")),
    "an answer read as JSON (ms-swift)": Corruption(
        "CV016",
        turns(SEE, '"Mail"'),
        settings={"trainer": "ms-swift"},
        other={**CLEAN, **say([{"type": "text", "text": "Hi."}], "Hello.", images=[])},
    ),
    "image lost": Corruption("PH001", {"images": []}),
    "placeholder without an image (ms-swift)": Corruption(
        "PH006", turns("<image><image>Which app is open?", "Mail."), settings={"trainer": "ms-swift"}
    ),
    "image without a placeholder (ms-swift)": Corruption(
        "PH007", turns("Which app is open?", "Mail."), settings={"trainer": "ms-swift"}
    ),
    "row above the limit (ms-swift)": Corruption(
        "TK009", turns(SEE, words(400)), settings={"trainer": "ms-swift", "cutoff_len": 600}
    ),
    "image of a shape that is refused": Corruption(
        "IM001", image("thin.png"), settings={"trainer": "qwen-vl-utils"}
    ),
    "placeholder in the answer": Corruption("PH002", turns("Which app?", "<image>Mail.")),
    "a <bbox> without a box (ms-swift)": Corruption(
        "PH008", turns(SEE, "<bbox><bbox>", objects={"bbox": [[5, 5, 9, 9]]}), settings={"trainer": "ms-swift"}
    ),
    "a box without a <bbox> (ms-swift)": Corruption(
        "PH009", turns(SEE, "Mail.", objects={"bbox": [[5, 5, 9, 9]]}), settings={"trainer": "ms-swift"}
    ),
    "placeholder in the system prompt": Corruption("PH003", {"system": "You see <image>."}),
    "end token in the answer": Corruption("PH004", turns(SEE, "Mail.<|im_end|>")),
    "control token in the tools": Corruption("PH004", {"tools": '[{"name": "f", "description": "<|im_start|>"}]'}),
    "placeholder in the tools": Corruption("PH005", {"tools": '[{"name": "f", "description": "see <image>"}]'}),
    "image gone": Corruption("MD001", image("gone.png")),
    "web page": Corruption("MD002", image("page.jpg")),
    "cut": Corruption("MD003", image("cut.png")),
    "bit flipped": Corruption("MD004", image("flipped.png")),
    "bomb": Corruption("MD005", image("bomb.png")),
    "URL": Corruption("MD006", image("https://example.com/cat.jpg")),
    "null": Corruption("MD007", image(None)),
    "sound": Corruption("MD008", turns("<audio>What?", "A bell.", images=None, audios=["a.wav"])),
    "many pixels": Corruption("MD010", image("huge.png")),
    "many scans": Corruption("MD012", image("slow.jpg")),
    "bytes behind the image": Corruption("MD013", image("padded.png")),
    "damaged in the middle": Corruption("MD011", image("garbled.jpg"), settings={"advice": True}),
    "a line": Corruption("IM001", image("line.png"), ("IM008",)),
    "thin": Corruption("IM002", image("thin.png")),
    "grey of 16 bits": Corruption("IM003", image("deep.png")),
    "grey of 16 bits, big endian": Corruption("IM003", image("deep.tif")),
    "black on transparent": Corruption("IM004", image("alpha.png")),
    "palette with a transparent colour": Corruption("IM004", image("alpha.gif")),
    "white on transparent, put on white": Corruption("IM004", image("white.png"), ("DI014",), {"trainer": "hf"}),
    "floats of 0 to 1": Corruption("IM012", image("unit.tif")),
    "floats below zero": Corruption("IM012", image("below.tif")),
    "grey of 16 bits, zero is white": Corruption("IM012", image("negative.tif")),
    "photo on its side": Corruption("IM005", image("turned.jpg")),
    "boxes of the upright photo": Corruption(
        "IM006", image("turned_wide.jpg", answer=BOX % (10, 20, 90, 1190)), ("IM005",)
    ),
    "animation": Corruption("IM007", image("moving.gif")),
    "one colour": Corruption("IM008", image("black.png"), settings={"integrity": "full"}),
    "tracking pixel": Corruption("IM009", image("dot.png")),
    "click beside the picture": Corruption("IM010", turns(SEE, "click(x=1200, y=80)")),
    "box beside the picture": Corruption("IM010", turns(SEE, BOX % (1100, 2, 1200, 8))),
    "marked box beside it": Corruption("IM010", turns(SEE, "<|box_start|>(5,5),(1200,9)<|box_end|>")),
    "negative box": Corruption("IM010", turns(SEE, BOX % (-14, 2, 30, 8))),
    "box the wrong way round": Corruption("IM018", turns(SEE, BOX % (30, 40, 10, 20))),
    "box of no width": Corruption("IM018", turns(SEE, BOX % (30, 40, 30, 90))),
    "box of no number": Corruption("IM018", turns(SEE, '{"bbox_2d": [NaN, 40, 30, 90]}')),
    "small box on a large screen": Corruption(
        "IM019", image("large.png", answer=BOX % (500, 500, 520, 520)), (), {"image_max_pixels": 262_144}
    ),
    "fractions beside pixels": Corruption("IM020", turns(SEE, BOX % (10, 20, 300, 400) + "click(0.5, 0.25)")),
    "nothing left to learn": Corruption(
        "LB001", turns(words(9000), words(20), images=None), ("TK003", "TK004"), {"cutoff_len": 64}
    ),
    "empty answer": Corruption("LB002", turns(SEE, " \n")),
    "image cut": Corruption("TK001", image("shot.png"), ("TK006",), {"cutoff_len": 100}),
    "turns dropped": Corruption(
        "TK002", turns(words(250), words(250), "c", "d", images=None), ("TK003", "TK004"), {"cutoff_len": 512}
    ),
    "question cut": Corruption("TK003", turns(words(600), "b", images=None), (), {"cutoff_len": 512}),
    "answer cut": Corruption("TK004", turns("a", words(600), images=None), (), {"cutoff_len": 512}),
    "many patches": Corruption("TK007", turns("<image>" * 9 + "?", words(5), images=["large.png"] * 9),
                               (), {"cutoff_len": 60_000, "image_max_pixels": 4_000_000}),
    "no picture in the video": Corruption("VD001", video("speech.wav")),
    "video of no frames": Corruption(
        "VD002", turns("<video>a", "b", images=None, videos=[[]]), other={"videos": [["shot.png"]]}
    ),
    "video of one frame (Qwen's own)": Corruption("VD010", video("still.mp4"), settings={"trainer": "qwen-vl-utils"}),
    "header of a video lies": Corruption("VD003", video("clip.ts")),
    "frames of two sizes": Corruption(
        "VD004",
        turns("<video>a", "b", images=None, videos=[["shot.png", "large.png"]]),
        other={"videos": [["shot.png"]]},
    ),
    "still video": Corruption("VD005", video("still.mp4")),
    "video without a number of frames": Corruption("VD006", video("long.mkv")),
    "video on its side": Corruption("VD007", video("turned.mp4")),
    "video in the second question (Qwen3-VL)": Corruption(
        "VD008",
        turns("Hi", "Hello.", "<video>What happens?", "It moves.", images=None, videos=["moving.mp4"]),
        settings={"processor": "qwen3-vl"},
    ),
    "two videos of one length (Qwen3-VL)": Corruption(
        "VD009",
        turns("<video><video>Which?", "Both.", images=None, videos=["moving.mp4", "longer.mp4"]),
        settings={"processor": "qwen3-vl"},
    ),
    "a placeholder that is a word (TRL)": Corruption("CV018", turns(SEE, "Mail."), ("DI014",), **TRL, **HELLO),
    "tools that are not written (TRL)": Corruption(
        "CV019", turns("Which app is open?", "Mail.", tools='[{"name": "look"}]'), ("DI014",), **TRL, **HELLO
    ),
    "an image that is null (TRL)": Corruption("CV020", turns("Which app?", "Mail.", images=[None]), **TRL, **HELLO),
}  # fmt: skip


def noise(size, seed=0):
    """A picture that is like no other."""
    return Image.frombytes("RGB", size, random.Random(seed).randbytes(size[0] * size[1] * 3))


def draw_files(dataset):
    """The clean picture, and one file per fault."""
    folder = dataset.folder
    noise((300, 400)).save(folder / "shot.png")
    large = noise((50, 50)).resize((2000, 2000), Image.Resampling.NEAREST)
    large.save(folder / "large.png")
    noise((100, 100)).save(folder / "cut.png")
    cut = folder / "cut.png"
    cut.write_bytes(cut.read_bytes()[:9000])
    data = bytearray((folder / "shot.png").read_bytes())
    data[data.index(b"IDAT") + 8] ^= 0xFF
    (folder / "flipped.png").write_bytes(data)
    (folder / "page.jpg").write_text("<html>404</html>")
    (folder / "padded.png").write_bytes((folder / "shot.png").read_bytes() + bytes(5 << 20))
    for name in ("bomb.png", "line.png", "thin.png", "slow.jpg", "clip.ts", "long.mkv", "turned.mp4", "speech.wav"):
        (folder / name).write_bytes((ROOT / "sample_data" / "broken" / name).read_bytes())
    dataset.image("huge.png", (10_000, 9000), "1")
    dataset.image("black.png", (300, 200))
    noise((1, 1)).save(folder / "dot.png")
    Image.effect_noise((120, 120), 80).resize((600, 600)).save(folder / "garbled.jpg")
    garbled = bytearray((folder / "garbled.jpg").read_bytes())
    garbled[9000:9512] = bytes(512)
    (folder / "garbled.jpg").write_bytes(garbled)
    Image.frombytes("I;16", (64, 64), random.Random(1).randbytes(64 * 64 * 2)).save(folder / "deep.png")
    Image.frombytes("I;16B", (64, 64), random.Random(1).randbytes(64 * 64 * 2)).save(folder / "deep.tif")
    alpha = Image.new("RGBA", (60, 60))
    ImageDraw.Draw(alpha).text((5, 5), "text", fill=(0, 0, 0, 255))
    alpha.save(folder / "alpha.png")
    alpha = Image.new("RGBA", (60, 60))
    ImageDraw.Draw(alpha).text((5, 5), "text", fill="white")
    alpha.save(folder / "white.png")
    grey = noise((64, 64)).convert("F")
    grey.point(lambda value: value / 255).save(folder / "unit.tif")
    grey.point(lambda value: value * -1).save(folder / "below.tif")
    whole = noise((64, 64)).convert("L").convert("I;16")
    whole.save(folder / "negative.tif", tiffinfo={262: 0})
    letters = Image.new("P", (60, 60))
    letters.putpalette([0] * 768)
    ImageDraw.Draw(letters).text((5, 5), "text", fill=1)
    letters.save(folder / "alpha.gif", transparency=0)
    exif = Image.Exif()
    exif[0x0112] = 6
    noise((60, 90)).save(folder / "turned.jpg", exif=exif)
    noise((1200, 100)).save(folder / "turned_wide.jpg", exif=exif)
    frames = [noise((40, 30), seed) for seed in range(3)]
    frames[0].save(folder / "moving.gif", save_all=True, append_images=frames[1:])
    film(folder / "still.mp4", 1)
    film(folder / "moving.mp4", 130)
    film(folder / "longer.mp4", 140)


def film(path, number):
    """A video of some frames, a second each."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=1)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for place in range(number):
            container.mux(stream.encode(av.VideoFrame.from_image(noise((96, 64), place))))
        container.mux(stream.encode())
