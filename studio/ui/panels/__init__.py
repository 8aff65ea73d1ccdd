"""The pages of the window, one file each; the window builds a page on its first visit."""
