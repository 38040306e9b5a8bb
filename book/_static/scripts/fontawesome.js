/* In the place of the theme's file of this name, which is 1.6 MB: icons.css draws the icons. */
