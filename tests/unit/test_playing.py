"""What players do with a video and the trainer does not: turning it, and showing it to its end."""

from fractions import Fraction
from types import SimpleNamespace

import av
import pytest
from PIL import Image

from scripts.sample_faults import film
from validator.media.playing import seconds_shown
from validator.media.video import probe_video
from validator.media.video_recipe import VideoRecipe
from validator.storage.media_files import MediaFiles


def probe(path):
    return probe_video(str(path), "fast", MediaFiles(""), VideoRecipe())


@pytest.mark.parametrize(
    ("turn", "orientation"),
    [
        ({"degrees": 0}, None),
        ({"degrees": -90}, 6),
        ({"degrees": 180}, 3),
        ({"degrees": 90}, 8),
        ({"degrees": -80}, 6),
        ({"degrees": 0, "hflip": True}, 2),
        ({"degrees": 0, "vflip": True}, 4),
        ({"degrees": 90, "hflip": True}, 7),
        ({"degrees": -90, "hflip": True}, 5),
    ],
)
def test_turns(tmp_path, turn, orientation):
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=4)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.set_display_rotation(turn.pop("degrees"), **turn)
        for _ in range(4):
            container.mux(stream.encode(av.VideoFrame.from_image(Image.new("RGB", (96, 64)))))
        container.mux(stream.encode())
    found = probe(tmp_path / "a.mp4")
    assert found.orientation == orientation
    assert (found.decoded.width, found.decoded.height) == (96, 64)  # as it is stored


def remux(source, target):
    """As `ffmpeg -i source -c copy target`."""
    with av.open(str(source)) as given, av.open(str(target), "w") as made:
        stream = made.add_stream_from_template(given.streams.video[0])
        for packet in given.demux(given.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                made.mux(packet)


@pytest.mark.parametrize(("frames", "shown"), [(128, ()), (129, (129, 32.0, 32.25)), (300, (300, 32.0, 75.0))])
def test_the_beginning_alone(tmp_path, frames, shown):
    film(tmp_path / "a.mkv", "mpeg4", frames)
    found = probe(tmp_path / "a.mkv")
    assert (found.decoded.number, found.shown) == (128, pytest.approx(shown))
    remux(tmp_path / "a.mkv", tmp_path / "a.mp4")
    assert probe(tmp_path / "a.mp4").shown == ()


def test_frames_without_times():
    timeless = SimpleNamespace(time=None)
    assert seconds_shown(timeless, timeless, timeless, Fraction(25), shown=128, frames=250) == (5.12, 10.0)
    assert seconds_shown(timeless, timeless, timeless, None, shown=128, frames=250) == ()
