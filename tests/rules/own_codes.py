"""Rules that tables of rows without corruption show, by the trainer whose they are."""

OF_V1 = {"CV021", "CV022", "CV023", "DI028", "LB007", "PH015", "PH016", "TK011", "TK012"}
"""Of LLaMA-Factory v1: tests/unit/test_llamafactory_v1.py."""
OF_NEMO = {"DI029", "DI030", "LB008", "PH017", "TK013", "VD017"}
"""Of NeMo AutoModel: tests/unit/test_nemo_automodel.py, test_nemo_videos.py."""
OF_BOTH = {"VD016"}
"""Of both."""
OF_TRL_FILES = {"DI031", "DI033"}
"""Of TRL's training files: tests/unit/test_trl_files.py."""
OF_AXOLOTL = {"CV024", "CV025", "MD014", "PH018", "TK016"}
"""Of axolotl: tests/unit/test_axolotl.py."""
