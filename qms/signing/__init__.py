"""The pages of signing: the ceremony, the signed page, verification and downloads."""
