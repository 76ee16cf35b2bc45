"""Videos of which decord 0.6.0 reads nothing, or was not asked, are unchecked under the trainers that read by it."""

import av
import pytest
from PIL import Image

from validator.media.video import probe_video
from validator.media.video_recipe import VideoRecipe
from validator.storage.media_files import MediaFiles

CONTAINERS = {
    "mp4": ("mpeg4", None), "mkv": ("mpeg4", None), "avi": ("mpeg4", None),
    "flv": ("flv1", None), "wmv": ("msmpeg4", "asf"),
    "gif": ("gif", None), "h264": ("libx264", None), "m2v": ("mpeg2video", "mpeg2video"), "mpg": ("mpeg2video", "mpeg"),
    "ts": ("mpeg2video", "mpegts"),
}  # fmt: skip
"""By suffix, with the codec and the name of the muxer."""
READ = {"mp4", "mkv", "avi", "flv", "wmv"}


@pytest.mark.parametrize("sampler", ["smart-nframes", "up-to-most"])
@pytest.mark.parametrize("suffix", CONTAINERS)
def test_containers(tmp_path, suffix, sampler):
    codec, muxer = CONTAINERS[suffix]
    path = tmp_path / f"film.{suffix}"
    with av.open(str(path), "w", format=muxer) as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "rgb8" if codec == "gif" else "yuv420p"
        for number in range(30):
            picture = Image.new("RGB", (64, 48), (number * 8,) * 3)
            container.mux(stream.encode(av.VideoFrame.from_image(picture)))
        container.mux(stream.encode())
    recipe = VideoRecipe(most=768, least=4, headers=False, sampler=sampler)
    probe = probe_video(str(path), "fast", MediaFiles(str(tmp_path)), recipe)
    assert (probe.fault is None) == (suffix in READ), probe
    if suffix in READ:
        assert probe.decoded.number == (4 if sampler == "smart-nframes" else 30)
