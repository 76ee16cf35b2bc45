"""The planted faults of the sample data: broken files, rows and entries, each with what a check must find."""

import base64
import gzip
import io
import json
import struct
import wave
import zlib
from pathlib import Path

import av
from PIL import Image, ImageDraw

from scripts.sample_builder import ALL_TAGS, TAGS, SampleData, say


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def broken_files(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "page.jpg").write_text("<!DOCTYPE html><html><body>404 Not Found</body></html>", encoding="utf-8")
    phone = (folder.parent / "images" / "phone_0.png").read_bytes()
    (folder / "cut.png").write_bytes(phone[: len(phone) // 2])
    Image.new("RGB", (60, 60), "red").save(folder / "flipped.png")
    data = bytearray((folder / "flipped.png").read_bytes())
    data[data.index(b"IDAT") + 8] ^= 0xFF
    (folder / "flipped.png").write_bytes(bytes(data))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 20000, 10000, 1, 0, 0, 0, 0))
    (folder / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b"") + chunk(b"IEND", b""))
    Image.new("1", (1_200_000, 1)).save(folder / "line.png", optimize=True)
    Image.new("RGB", (2000, 9), "blue").save(folder / "thin.png", optimize=True)
    (folder / "slow.jpg").write_bytes(many_scans(3000, 600))
    with wave.open(str(folder / "speech.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(1600))
    for name, codec in (("clip.mp4", "mpeg4"), ("clip.ts", "mpeg2video")):
        film(folder / name, codec)
    film(folder / "still.mp4", "mpeg4", 1)
    film(folder / "long.mkv", "mpeg4", 150)
    film(folder / "turned.mp4", "mpeg4", turned=-90)
    deep = Image.new("I;16", (64, 64))
    deep.frombytes(struct.pack("<4096H", *range(0, 65536, 16)))
    deep.save(folder / "deep.png")
    Image.linear_gradient("L").resize((40, 40)).convert("F").point(lambda value: value / 255).save(folder / "faint.tif")
    alpha = Image.new("RGBA", (60, 30))
    ImageDraw.Draw(alpha).text((5, 5), "text", fill=(0, 0, 0, 255))
    alpha.save(folder / "alpha.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    for name, size in (("turned.jpg", (80, 60)), ("turned_wide.jpg", (1200, 100))):
        Image.linear_gradient("L").resize(size).save(folder / name, exif=exif, quality=30)
    frames = [Image.linear_gradient("L").resize((40, 30)).rotate(number * 90) for number in range(3)]
    frames[0].save(folder / "moving.gif", save_all=True, append_images=frames[1:])
    Image.new("RGB", (120, 90)).save(folder / "black.webp", lossless=True)
    Image.new("RGB", (9, 9), "white").save(folder / "dot.png")


def many_scans(side: int, times: int) -> bytes:
    """A progressive JPEG that claims `side` x `side` pixels, its last scan repeated."""
    out = io.BytesIO()
    Image.new("L", (16, 16)).save(out, "JPEG", progressive=True)
    data = out.getvalue()
    size = data.index(b"\xff\xc2") + 5
    scan = data[data.rindex(b"\xff\xda") : -2]
    return data[:size] + struct.pack(">HH", side, side) + data[size + 4 : -2] + scan * times + data[-2:]


def film(path: Path, codec: str, frames: int = 8, turned: int = 0) -> None:
    """Frames that get brighter, four a second. `turned`: degrees by which players turn them, against the clock."""
    with av.open(str(path), "w", options={"fflags": "bitexact"}) as container:
        stream = container.add_stream(codec, rate=25 if codec == "mpeg2video" else 4)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        if turned:
            stream.set_display_rotation(turned)
        for number in range(frames):
            frame = av.VideoFrame.from_image(Image.new("RGB", (96, 64), (number % 8 * 30,) * 3))
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def planted(data: SampleData) -> None:
    """One row per row rule, and the codes that a check must give for it."""
    broken_files(data.folder / "broken")
    chart, phone = "images/chart_0.jpg", "images/phone_1.png"
    clip = ("<video>What happens?", "It gets brighter.")
    see = ("<image>What is this?", "A picture.")
    call = {"role": "function", "content": "weather(Oslo)"}
    long = "one two three four five six seven eight nine ten "
    rows: list[tuple[dict, list[tuple[str, int | None]]]] = [
        ({"messages": [{"role": "assistant", "content": "Hi"}, {"role": "user", "content": "Hi"}]}, [("CV001", 0)]),
        (say("Hi", "Hello", "Bye"), [("CV002", None)]),
        (say(), [("CV003", None)]),
        ({"messages": None}, [("CV004", None)]),
        ({"messages": [{"role": "user", "content": None}, {"role": "assistant", "content": "?"}]}, [("CV005", 0)]),
        ({"messages": [{"role": "user", "content": "Weather?"}, call]}, [("CV006", 1)]),
        (say("Weather?", "No idea.", tools="weather(city)"), [("CV007", None)]),
        (say("What is this?", "A picture.", images=[chart]), [("PH001", None)]),
        (say("Which HTML tag shows one?", "`<image>` did, once."), [("PH001", 1)]),
        (say("Show me one.", "Here: <image>", images=[chart]), [("PH002", 1)]),
        (
            {"messages": [{"role": "system", "content": "You see <image>."}, *say("Hi", "Hello")["messages"]]},
            [("PH003", 0)],
        ),
        (say("Stop here<|im_end|>", "Fine."), [("PH004", 0)]),
        (say(*see, images=["images/gone.png"]), [("MD001", 0)]),
        (say(*see, images=["broken/page.jpg"]), [("MD002", 0)]),
        (say(*see, images=["broken/cut.png"]), [("MD003", 0)]),
        (say(*see, images=["broken/flipped.png"]), [("MD004", 0)]),
        (say(*see, images=["broken/bomb.png"]), [("MD005", 0)]),
        (say(*see, images=["https://example.com/cat.jpg"]), [("MD006", 0)]),
        (say(*see, images=[None]), [("MD007", 0)]),
        (say("<audio>What is said?", "Nothing.", audios=["hello.wav"]), [("MD008", None)]),
        (say(*see, images=["../sample_data/images/chart_0.jpg"]), []),
        (say(*see, images=["broken/line.png"]), [("IM001", 0), ("IM008", 0)]),
        (say(*see, images=["broken/thin.png"]), [("IM002", 0)]),
        (
            say("<image>" * 7 + "Compare.", "All alike.", images=[phone] * 7),
            [("TK001", 0), ("TK006", None), ("TK007", None)],
        ),
        (
            say("Count. " + long * 400, "Done.", "Again. " + long * 480, "Done.", "More?", "No."),
            [("TK002", 4), ("TK003", 2)],
        ),
        (say("Count. " + long * 900, "Done."), [("TK003", 0)]),
        (say("Count.", " ".join(map(str, range(4000)))), [("TK004", 1)]),
        (say(*see[:1], "  ", images=[chart]), [("LB002", 1)]),
        (say(*clip, videos=["broken/speech.wav"]), [("VD001", 0)]),
        (say(*clip, videos=["broken/clip.ts"]), [("VD003", 0)]),
        (say(*clip, videos=["broken/clip.mp4"]), []),
        (say(*see, images=["broken/slow.jpg"]), [("MD012", 0)]),
        (
            say("What is this? " + base64.b64encode(Path(data.folder, phone).read_bytes()).decode()[:900], "Mail."),
            [("CV011", 0)],
        ),
        (say("What is blue?", "The button is blue. " * 40), [("CV012", 1)]),
        (say("Where?", "At the cafÃ©, Itâ€™s there."), [("CV013", 1)]),
        (say("And?", "[INST] Which app? [/INST] Mail."), [("CV014", 1)]),
        (say("Which app?", "You are a helpful assistant. Mail."), [("CV015", 1)]),
        (say("How many?", "Look.\nAction: count\nObservation: 3\nThree."), [("CV017", 1)]),
        (say("Look.", "I see.", tools='[{"name": "look", "description": "see <image>"}]'), [("PH005", None)]),
        (say(*see, images=["broken/deep.png"]), [("IM003", 0)]),
        (say("<image>What does it say?", "text", images=["broken/alpha.png"]), [("IM004", 0)]),
        (say("<image>Which way up?", "So.", images=["broken/turned.jpg"]), [("IM005", 0)]),
        (
            say("<image>Where?", '{"bbox": [10, 20, 90, 1190]}', images=["broken/turned_wide.jpg"]),
            [("IM005", 0), ("IM006", 0)],
        ),
        (say("<image>What moves?", "A square.", images=["broken/moving.gif"]), [("IM007", 0)]),
        (say("<image>Black?", "Yes.", images=["broken/black.webp"]), [("IM008", 0)]),
        (say("<image>And this?", "A dot.", images=["broken/dot.png"]), [("IM009", 0)]),
        (say("<image>Where is it?", "click(x=1900, y=80)", images=[phone]), [("IM010", None)]),
        (say("<image>Where is the box?", '{"bbox_2d": [300, 400, 100, 200]}', images=[phone]), [("IM018", 1)]),
        (say("<image>Where is the dot?", '{"bbox_2d": [500, 500, 530, 510]}', images=[phone]), [("IM019", 1)]),
        (say("<image>Where to click?", "click(0.5, 0.25) or click(500, 250)", images=[phone]), [("IM020", 1)]),
        (say("<image>How deep?", "Not very.", images=["broken/faint.tif"]), [("IM012", 0)]),
        (say("<video>Does it move?", "No.", videos=["broken/still.mp4"]), [("VD005", 0)]),
        (say(*clip, videos=["broken/long.mkv"]), [("VD006", 0)]),
        (say("<video>Which way up?", "So.", videos=["broken/turned.mp4"]), [("VD007", 0)]),
    ]
    columns = {name: name for name in ("messages", "images", "videos", "audios", "tools")}
    data.entry("planted", [row for row, _ in rows], "jsonl", columns=columns)
    for number, (_, codes) in enumerate(rows):
        for code, turn in codes:
            data.expect(code, "planted", number, turn)
    data.expect("MD009", "planted")
    data.expect("DI013", "planted")  # its videos are paths, those of `frames` are lists


def planted_entries(data: SampleData) -> None:
    """One entry per rule about files and entries."""
    chart = "images/chart_0.jpg"
    data.registry["wrong_formatting"] = {"file_name": "charts.json", "formatting": "ShareGPT"}
    data.expect("DI001", "wrong_formatting")
    data.registry["missing_file"] = {"file_name": "screens.json", "formatting": "sharegpt"}
    data.expect("DI002", "missing_file")
    data.entry("upper_case", [say("upper_case?", "Hello")], "JSON")
    data.expect("DI003", "upper_case")
    mixed = [say("<image>One?", "Yes.", images=[chart]), say("<image>Two?", "No.", images=chart)]
    data.entry("mixed_types", mixed, "jsonl")
    data.expect("DI004", "mixed_types", 1)
    data.entry("wrong_column", [say("<image>Hi", "Hello", image=[chart])])
    data.expect("DI005", "wrong_column")
    system = {"role": "system", "content": "Be brief."}
    rows = [say("Brief?", "Yes."), {"messages": [system, *say("Hi", "Hello")["messages"]]}]
    data.entry("four_tags", rows, columns={"messages": "messages"}, tags=TAGS)
    data.expect("DI006", "four_tags")
    data.entry("latin_one", [say("Tea?", "No."), say("Café?", "Oui.")], "jsonl", columns={"messages": "messages"})
    file = data.folder / "latin_one.jsonl"
    file.write_bytes(file.read_text(encoding="utf-8").encode("latin-1"))
    data.expect("CV010", "latin_one", 1)
    rows = [say(f"Say {number}.", f"{number}.", images=[]) for number in range(1000)]
    rows[500] = say("Say it. " + "word " * 300, "It.", images=[])
    data.entry("text_then_images", [*rows, say("<image>Hi", "Hello", images=[chart])], "jsonl")
    data.expect("TK005", "text_then_images", 500)
    data.expect("DI007", "text_then_images")
    rows = [say(f"Count to {number}.", f"{number}.") for number in range(1000)]
    data.entry("broken_tail", [*rows, say("Bye")], "jsonl", columns={"messages": "messages"})
    data.expect("CV002", "broken_tail", 1000)
    data.expect("DI008", "broken_tail")
    data.entry("no_rows", [])
    data.expect("DI009", "no_rows")
    rows = [say("mistyped_key?", "Hello", images=[chart])]
    data.entry("mistyped_key", rows, columns={"messages": "messages"}, num_sample=100)
    data.expect("DI010", "mistyped_key")
    data.expect("DI017", "mistyped_key")
    data.entry("format_key", [say("format_key?", "Hello")], columns={"messages": "messages"})
    data.registry["format_key"]["format"] = data.registry["format_key"].pop("formatting")
    data.expect("DI015", "format_key")
    alpaca = [
        {"instruction": "Say hi.", "input": "", "output": "Hi."},
        {"instruction": "Hi", "input": "", "output": None},
    ]
    data.registry["alpaca"] = {"file_name": "alpaca.json"}
    (data.folder / "alpaca.json").write_text(json.dumps(alpaca) + "\n", encoding="utf-8")
    data.expect("CV009", "alpaca", 1)
    asked = [{"question": f"When was letter {number} sent?", "date": f"2024-05-0{number}"} for number in (1, 2)]
    columns = {"prompt": "question", "response": "date"}
    data.registry["dates"] = {"file_name": "dates.json", "columns": columns}
    (data.folder / "dates.json").write_text(json.dumps(asked) + "\n", encoding="utf-8")
    data.expect("DI019", "dates")
    weather = {"name": "weather", "arguments": "{}"}
    ask = {"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function": weather}]}
    rows = [{"messages": [{"role": "user", "content": "Weather?"}, ask, {"role": "tool", "content": "3"}]}]
    tool_tags = ALL_TAGS | {"observation_tag": "tool", "function_tag": "tool_calls"}
    columns = {"messages": "messages"}
    data.entry("tools_at_the_end", rows, columns=columns, formatting="openai", tags=tool_tags)
    data.expect("CV008", "tools_at_the_end", 0, 2)
    chosen, rejected = ({"role": "assistant", "content": word} for word in ("Paris.", "Rome."))
    pair = {"messages": [{"role": "user", "content": "The capital of France?"}], "chosen": chosen, "rejected": rejected}
    columns = {"messages": "messages", "chosen": "chosen", "rejected": "rejected"}
    data.entry("preferences", [pair], columns=columns, ranking=True)
    data.expect("DI011", "preferences")
    frames = [chart, "images/phone_0.png"]
    columns = {"messages": "messages", "videos": "videos"}
    rows = [say("<video>Hi", "Hello", videos=[video]) for video in (frames, [], [chart, chart])]
    data.entry("frames", rows, columns=columns)
    data.expect("VD004", "frames", 0, 0)
    data.expect("VD002", "frames", 1, 0)
    data.expect("VD005", "frames", 2, 0)
    data.entry("other_split", [say("other_split?", "Hello")], columns={"messages": "messages"}, split="test")
    data.expect("DI001", "other_split")
    data.entry("drawn_at_random", [say("drawn_at_random?", "Hello")], columns={"messages": "messages"}, num_samples=1)
    data.expect("DI012", "drawn_at_random")
    ask, tall = "<image>Where is the bar?", "images/phone_2.png"
    rows = [
        say(ask, '"bbox": [50, 1200, 1070, 2300]', images=[tall]),
        say(ask, '"bbox": [50, 600, 990, 900]', images=[chart]),
        say("<image>Is it open?", "Yes", images=[tall]),
    ]
    data.entry("pixels_and_thousandths", rows)
    data.expect("IM011", "pixels_and_thousandths")
    data.expect("LB003", "pixels_and_thousandths")
    rows = [
        say(f"<image>Where is button {x}?", f'{{"bbox_2d": [{x}, 1500, {x + 90}, 1590]}}', images=[tall])
        for x in (110, 420, 880)
    ]
    data.entry("boxes_in_pixels", rows)
    data.expect("IM017", "boxes_in_pixels")
    rows = [say(f"Is {number} even?", "Yes.") for number in range(0, 120, 2)]
    rows += [rows[5], say("Is 8 even?", "Of course.")]
    columns = {"messages": "messages"}
    data.entry("even_numbers", rows, columns=columns)
    data.entry("even_numbers_test", [say("Is 7 even?", "No."), rows[3]], columns=columns)
    data.entry("more_numbers", [rows[4], say("Is 9 even?", "No.")], columns=columns)
    for code, name in (
        ("DU001", "even_numbers"),
        ("DU002", "even_numbers"),
        ("DU003", "even_numbers"),
        ("DU004", "even_numbers_test"),
        ("DU005", "more_numbers"),
    ):
        data.expect(code, name)
    data.entry("packed", [say("packed?", "Hello")], columns={"messages": "messages"})
    (data.folder / "packed.json").write_bytes(gzip.compress((data.folder / "packed.json").read_bytes(), mtime=0))
    data.expect("DI020", "packed")
