"""The site on this machine: to its own browser only, built anew when something changes."""

from analysis_lib.site.serving.server import in_new_process, serve, serving

__all__ = ["in_new_process", "serve", "serving"]
