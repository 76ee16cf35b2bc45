"""What the sample data are built with: rows, pictures, expected findings."""

import json
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

TAGS = {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"}
ALL_TAGS = TAGS | {"observation_tag": "observation", "function_tag": "function", "system_tag": "system"}
APPS = ("Mail", "Maps", "Clock", "Notes", "Shop", "Bank", "Music", "Weather")
COLOURS = ("#27548a", "#2e7d5b", "#8a4b27", "#6a3d8a")


def say(*turns: str, **columns: object) -> dict:
    roles = ("user", "assistant")
    return {"messages": [{"role": roles[i % 2], "content": text} for i, text in enumerate(turns)], **columns}


class SampleData:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.registry: dict[str, object] = {}
        self.expected: list[dict] = []

    def entry(self, name: str, rows: list | str, suffix: str = "json", **settings: object) -> None:
        text = rows
        if not isinstance(rows, str):
            lines = [json.dumps(row, ensure_ascii=False) for row in rows]
            text = "\n".join(lines) + "\n" if suffix == "jsonl" else "[\n" + ",\n".join(lines) + "\n]\n"
        (self.folder / f"{name}.{suffix}").write_text(str(text), encoding="utf-8")
        columns = {"messages": "messages", "images": "images"}
        defaults = {"file_name": f"{name}.{suffix}", "formatting": "sharegpt", "columns": columns, "tags": ALL_TAGS}
        self.registry[name] = {**defaults, **settings}

    def expect(self, code: str, dataset: str, row: int | None = None, turn: int | None = None) -> None:
        self.expected.append({"code": code, "dataset": dataset, "row": row, "turn": turn})

    def finish(self) -> None:
        text = json.dumps(self.registry, indent=2, ensure_ascii=False)
        (self.folder / "dataset_info.json").write_text(text + "\n", encoding="utf-8")
        self.expected.sort(key=lambda item: [-1 if v is None else v for v in (item["dataset"], item["row"])][1])
        self.expected.sort(key=lambda item: item["dataset"])
        lines = [json.dumps(item) for item in self.expected]
        (self.folder / "expected_findings.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")

    # ---- pictures --------------------------------------------------------------------------------
    def save(self, image: Image.Image, name: str) -> str:
        path = self.folder / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".png"):
            image.convert("P", palette=Image.Palette.ADAPTIVE, colors=32).convert("RGB").save(path, optimize=True)
        else:
            image.save(path, quality=70)
        return f"images/{name}"

    def phone(self, number: int) -> str:
        image = Image.new("RGB", (1080, 2400), "#f4f4f6")
        draw = ImageDraw.Draw(image)
        draw.rectangle((0, 0, 1080, 180), fill=COLOURS[number % 4])
        draw.text((60, 60), f"{APPS[number]}   9:{number + 10}", font=ImageFont.load_default(72), fill="white")
        for line in range(8):
            top = 240 + line * 260
            draw.rounded_rectangle((50, top, 1030, top + 220), 30, fill="white", outline="#cccccc", width=3)
            text = f"{APPS[(number + line) % 8]}: item {number * 8 + line}"
            draw.text((100, top + 70), text, font=ImageFont.load_default(56), fill="#222222")
        return self.save(image, f"phone_{number}.png")

    def web(self, number: int) -> str:
        image = Image.new("RGB", (1920, 1080), "white")
        draw = ImageDraw.Draw(image)
        draw.rectangle((0, 0, 1920, 90), fill="#e8eaed")
        draw.text((40, 24), f"https://shop.example/list/{number}", font=ImageFont.load_default(36), fill="#333333")
        for box in range(12):
            left, top = 60 + (box % 4) * 460, 140 + (box // 4) * 300
            draw.rectangle((left, top, left + 420, top + 260), outline="#999999", width=2)
            draw.text((left + 20, top + 20), f"Article {box}", font=ImageFont.load_default(40), fill="black")
            draw.text(
                (left + 20, top + 90), f"{box * 7 + number} EUR", font=ImageFont.load_default(48), fill=COLOURS[0]
            )
        return self.save(image, f"web_{number}.png")

    def chart(self, number: int) -> str:
        image = Image.new("RGB", (800, 500), "white")
        draw = ImageDraw.Draw(image)
        draw.text((300, 15), f"Sales {2020 + number}", font=ImageFont.load_default(32), fill="black")
        for bar in range(6):
            high = 60 + (bar * 53 + number * 37) % 300
            draw.rectangle((80 + bar * 115, 450 - high, 160 + bar * 115, 450), fill=COLOURS[bar % 4])
            draw.text((100 + bar * 115, 460), f"M{bar + 1}", font=ImageFont.load_default(24), fill="black")
        return self.save(image, f"chart_{number}.jpg")
