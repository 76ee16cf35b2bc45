"""What texts are drawn from that tokenizers are compared with, by kind."""

ALPHABETS = {
    "ascii": [chr(code) for code in range(32, 127)],
    "words": [" ", " ", "a", "be", "'s", "'ll", "don't", "X", "5", "42", "\n", "\r\n", "\t", ".", "  ", "_", "!?"],
    "white space": [" ", "\n", "\r", "\t", "\u00a0", "\u2028", "\x1c", "\x85", "a", "1", "."],
    "marks": ["a", "e", " ", "\u0301", "\u0338", "=", "<", "1", "\u0327", "\u1100", "\u1161", "\u11a8", "-"],
    "many": ["中", "文", "字", "，", "。", "é", "ß", "😀", "\u200d", "ñ", "x", "7", "²", "ⅷ", " ", "٣", "ǅ", "\u3000"],
    "special": ["<|im_start|>", "<|im_end|>", "<|image_pad|>", "<|", "|>", "<", "im_end", " ", "a", "1", "\n"],
}
