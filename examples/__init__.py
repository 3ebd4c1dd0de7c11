"""The sample business in Russian and English. This file lets the wheel carry the folder."""
