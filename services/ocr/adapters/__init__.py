"""The engines that can read: rapidocr's models, or Tesseract."""
