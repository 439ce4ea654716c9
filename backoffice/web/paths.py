"""The address of a request as the router knows it: `scope["path"]` begins with a proxy's root path, too."""

from starlette._utils import get_route_path

__all__ = ["get_route_path"]
